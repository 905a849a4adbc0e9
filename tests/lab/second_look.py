"""What an encoder over the 100 best candidates brings, by the weight of its cosine; 0 is without it.

EIDER_SHARED=… python tests/lab/second_look.py [--encoder onnx] [set ...]     0.01 to 0.1 s a text
"""

from __future__ import annotations

import argparse

import corpora
import numpy as np
from fit_ranker import SETS

from eider.providers.embedders.names import connect
from eider.retrieve.rank import rank
from eider.store.second_look import ENCODED
from eider.store.segment.segment import Segment

WEIGHTS = (0, 2, 4, 6, 8)
_READ = 1_200


def main() -> None:
    """Print R@5, R@10 and MRR of each set at each weight."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", default="onnx")
    parser.add_argument("sets", nargs="*", default=list(SETS))
    args = parser.parse_args()
    encoder = connect(args.encoder)
    embed, embed_query = corpora.embedder()
    for name in args.sets:
        figures: dict[int, list[list[float]]] = {weight: [] for weight in WEIGHTS}
        for corpus in corpora.FAMILIES[name]():
            segment = Segment.build(corpora.rows_of(corpus.items, embed))
            vectors = dict(
                zip(
                    (i.id for i in corpus.items),
                    encoder.embed([i.text[:_READ] for i in corpus.items], "document"),
                    strict=True,
                )
            )
            for asked in corpus.asked:
                if not asked.relevant:
                    continue
                question = corpora.read(segment, asked, embed_query)
                found = rank(segment, question, corpora.visible(segment, asked), limit=ENCODED)
                ids = [segment.ids[r.row] for r in found]
                if not ids:
                    continue
                cosine = np.array([vectors[i] for i in ids]) @ encoder.embed([asked.text[:_READ]], "query")[0]
                good = np.array([i in asked.relevant for i in ids])
                for weight in WEIGHTS:
                    gain = good[np.argsort(-(np.array([r.score for r in found]) + weight * cosine), kind="stable")]
                    first = next((1 / (n + 1) for n, g in enumerate(gain) if g), 0.0)
                    figures[weight].append(
                        [
                            float(gain[:5].sum()) / len(asked.relevant),
                            float(gain[:10].sum()) / len(asked.relevant),
                            first,
                        ]
                    )
        for weight, rows in figures.items():
            five, ten, mrr = 100 * np.mean(rows, axis=0)
            print(
                f"{name:12s} n={len(rows):4d} weight {weight}  R@5 {five:.1f}  R@10 {ten:.1f}  MRR {mrr:.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
