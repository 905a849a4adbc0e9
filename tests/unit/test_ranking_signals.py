"""What a row's own words, and the best rows, say: passages, headings, wishes, and what an answer names."""

from __future__ import annotations

import numpy as np
import pytest

from eider.language.analysis import Analysis, analyse
from eider.retrieve.query import Question
from eider.retrieve.rank import rank
from eider.retrieve.text_signals import PASSAGE, SIGNALS, best_rows_signals, text_signals
from eider.store.segment.segment import Segment
from eider.testing.segments import TODAY, segment_rows

OTHERS = [f"Report {i}. Weather and tides of the season." for i in range(40)]
FILLER = "Item number oat milk butter bread cheese apples pears plums onions leeks"


def built(*texts: str) -> Segment:
    """A segment of rows r0, r1 and so on."""
    return Segment.build(segment_rows([{"id": f"r{i}", "text": t} for i, t in enumerate(texts)]))


def signals(segment: Segment, question: str) -> dict[str, np.ndarray]:
    """Text signals of all rows."""
    asked = Question.read(question, segment, today=TODAY)
    return text_signals(segment, asked, np.arange(segment.rows))


def found(segment: Segment, question: str) -> list[str]:
    """Ids, best first."""
    asked = Question.read(question, segment, today=TODAY)
    return [segment.ids[r.row] for r in rank(segment, asked, segment.alive, limit=segment.rows)]


def test_a_long_row_is_judged_by_its_best_passage() -> None:
    """Words that stand together in one passage say more than the same words pages apart."""
    pages = f"{FILLER}. " * 10
    together = f"{pages} The sauna of the boathouse is heated on Fridays. {pages}"
    apart = f"The sauna was painted. {pages} A boathouse burnt. {pages} Rooms are heated. {pages} Fridays are short."
    said = signals(built(together, apart), "When is the boathouse sauna heated on Fridays?")
    assert said["passage"][0] > said["passage"][1]
    assert found(built(apart, together), "When is the boathouse sauna heated on Fridays?")[0] == "r1"


@pytest.mark.parametrize("words", range(50, 4 * PASSAGE, 7))
def test_every_word_of_a_long_row_is_in_a_passage(words: int) -> None:
    """Wherever in a text the word stands, it is found there, also at its very end."""
    rows = [" ".join(f"filler{i}" if i != at else "sauna" for i in range(words)) for at in range(0, words, 5)]
    assert (signals(built(*rows, "other"), "sauna")["passage"][:-1] > 0).all()


def test_a_row_about_what_is_asked_is_known_by_its_heading() -> None:
    """Of two rows with the same words the one whose heading is asked for comes first."""
    segment = built(
        "Visitors often ask about Ada Harbour, a small port near the old mill in the south.",
        "Ada Harbour: a small port near the old mill in the south, which visitors ask about.",
        *OTHERS,
    )
    assert signals(segment, "Where is Ada Harbour?")["heading"][1] == pytest.approx(1)
    assert found(segment, "Where is Ada Harbour?")[0] == "r1"


@pytest.mark.parametrize(
    ("text", "terms"),
    [("Crane tests: name them after the berth", 2), ("No heading here at all", 0), ("# Crane tests\nThe berth names them", 2),
     ("One two three four five six seven eight nine ten eleven twelve. And so on", 0), ("起重机：按泊位命名", 5)],
)  # fmt: skip
def test_a_heading_is_short_and_ends_before_the_text(text: str, terms: int) -> None:
    """What stands before the first full stop, colon or line end, if it is ten words at most; kept with the row."""
    assert Analysis.from_bytes(analyse(text).to_bytes()).heading == terms


@pytest.mark.parametrize(
    ("text", "wish"),
    [("Always sort imports, please.", True), ("I'd rather have tables", True), ("Bitte künftig auf Deutsch", True),
     ("Je préfère le thé", True), ("Prefiero el té", True), ("以后请用中文", True), ("We sailed to Runde", False)],
)  # fmt: skip
def test_a_wish_is_noted_with_its_row(text: str, wish: bool) -> None:
    """How something is wanted from now on, or liked, in the languages of the corpus."""
    assert Analysis.from_bytes(analyse(text).to_bytes()).wish is wish


def test_what_the_answer_names_is_found_though_the_question_does_not() -> None:
    """A row that shares no word with the question comes up when the best row names its heading."""
    segment = built(
        "The lighthouse of Runde was built by Kestrel Engineering.",
        "Kestrel Engineering. Founded by Ragnhild in Bergen.",
        *OTHERS,
    )
    assert found(segment, "Who founded what built the lighthouse of Runde?")[:2] == ["r0", "r1"]


def test_a_row_never_speaks_for_itself() -> None:
    """With nothing else there, the best row gets nothing from what it says itself."""
    segment = built("Kestrel Engineering. Founded on 3 May 2024 in Bergen.")
    question = Question.read("Who founded Kestrel?", segment, today=TODAY)
    said = best_rows_signals(segment, question, np.arange(1), np.ones(1, np.float32))
    assert said.shape == (1, len(SIGNALS))
    assert not said.any()


def test_words_about_the_talk_count_little() -> None:
    """Of "list in order what I mentioned of herons" the herons are what is asked for."""
    segment = built(
        "Order the list, mention each item of it.",
        "The herons nest by the weir.",
        *OTHERS,
    )
    coverage = signals(segment, "Can you list in order what I mentioned of herons?")["coverage"]
    assert coverage[1] > coverage[0]
    only = signals(segment, "Can you list in order what I mentioned?")["coverage"]
    assert only[0] > only[1]
