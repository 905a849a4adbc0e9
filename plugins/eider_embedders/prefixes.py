"""What well-known open models want to read before a text. Their cards say so; without it they lose points."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from eider_embedders.service import Prefixes

_FAMILIES: Final[tuple[tuple[str, Prefixes], ...]] = (
    (r"(^|[/_-])(multilingual-)?e5-(small|base|large)(?!.*instruct)", Prefixes("passage: ", "query: ")),
    (r"nomic-embed-text|modernbert-embed", Prefixes("search_document: ", "search_query: ")),
    (r"bge-(small|base|large)-en", Prefixes("", "Represent this sentence for searching relevant passages: ")),
    (r"mxbai-embed-large", Prefixes("", "Represent this sentence for searching relevant passages: ")),
    (r"snowflake-arctic-embed", Prefixes("", "Represent this sentence for searching relevant passages: ")),
    (r"embeddinggemma", Prefixes("title: none | text: ", "task: search result | query: ")),
)


def prefixes_of(model: str, options: Mapping[str, str]) -> Prefixes:
    """Return the prefixes of a model by its family; the options `document_prefix` and `query_prefix` win.

    >>> prefixes_of("intfloat/multilingual-e5-small", {}).query, prefixes_of("text-embedding-3-small", {}).query
    ('query: ', '')
    """
    known = next((found for family, found in _FAMILIES if re.search(family, model.lower())), Prefixes())
    return Prefixes(options.get("document_prefix", known.document), options.get("query_prefix", known.query))
