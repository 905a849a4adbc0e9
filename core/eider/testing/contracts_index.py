"""What every `Index` must do, as tests to inherit: name a subclass `Test…` and give it a `make`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray

from eider.model.errors import InputError
from eider.store.protocols import Index, IndexRow

_WIDTH: Final = 8
ODD_USERS: Final = (
    "ada",
    "ADA",
    "ada ",
    "",
    "' OR '1'='1",
    "ada' OR user_id = 'bob",
    'a"da',
    "ad\\a",
    "ada; DROP TABLE rows; --",
    "%",
    "a_a",
    "NULL",
    "用户一",
    "e\u0301va",
    "\u00e9va",
    "👩‍👩‍👧",
)
"""Names that a filter built from text would mix up."""
HOSTILE_QUERIES: Final = (
    "",
    " \t\n",
    "\x00",
    '"',
    "'; DROP TABLE rows; --",
    "AND OR NOT",
    "+heron -heron ~heron^2 heron* he?on (heron [heron {heron",
    "content:heron",
    "heron~2 NEAR/3 heron",
    "/he.*n/",
    "\\",
    "%_%",
    "😀 👩‍👩‍👧",
    "\ud800 heron",
    "heron " * 20_000,
    "x" * 100_000,
    "猫" * 30_000,
)


def toward(axis: int, width: int = _WIDTH) -> NDArray[np.float32]:
    """A unit vector along one axis.

    >>> toward(1, 3).tolist()
    [0.0, 1.0, 0.0]
    """
    return np.eye(width, dtype=np.float32)[axis]


def row(id: str, text: str, *, user: str = "ada", rev: int = 1, axis: int | None = None) -> IndexRow:  # noqa: A002
    """A row whose vector points along `axis`, or that has none."""
    vector = b"" if axis is None else toward(axis).tobytes()
    return IndexRow(id=id, rev=rev, user=user, text=text, vector=vector)


class IndexContract(ABC):
    """Inherit it, override `make`, and pytest runs every promise of `eider.store.protocols.Index`."""

    @abstractmethod
    def make(self, tmp_path: Path) -> Index:
        """An index over the files in `tmp_path`, for vectors of 8 floats; they may exist already."""

    def damage(self, tmp_path: Path) -> None:  # noqa: B027 (an index without files has nothing to damage)
        """Make the files unreadable; leave it as it is when there are none."""

    @pytest.fixture
    def index(self, tmp_path: Path) -> Index:
        """An empty one."""
        return self.make(tmp_path)

    def test_an_empty_index_nominates_nothing(self, index: Index) -> None:
        """Asking before anything was written is no error."""
        assert index.nominate("heron", toward(0), user="ada") == []
        assert index.inventory() == {}
        index.compact()

    def test_what_was_applied_is_found_at_once(self, index: Index) -> None:
        """By its words and by its meaning, without a compaction between."""
        index.apply([row("a", "A heron stands in the reeds", axis=0), row("b", "The kettle is on", axis=1)], [])
        assert index.nominate("heron", None, user="ada") == ["a"]
        assert index.nominate("", toward(1), user="ada")[0] == "b"
        index.apply([row("c", "Another heron", axis=2)], [])
        assert set(index.nominate("heron", None, user="ada")) == {"a", "c"}

    def test_words_and_meaning_take_turns(self, index: Index) -> None:
        """The best of each kind comes before the second of either."""
        index.apply([row("a", "heron heron", axis=3), row("b", "kettle", axis=0), row("c", "lamp", axis=1)], [])
        assert set(index.nominate("heron", toward(0), user="ada")[:2]) == {"a", "b"}

    def test_a_row_without_a_vector_is_found_by_its_words(self, index: Index) -> None:
        """And does not disturb the search by meaning."""
        index.apply([row("a", "heron"), row("b", "kettle", axis=0)], [])
        assert index.nominate("heron", toward(0), user="ada") == ["a", "b"]
        assert index.nominate("", toward(0), user="ada") == ["b"]
        assert index.nominate("", np.zeros(_WIDTH, np.float32), user="ada") == []

    def test_users_never_see_each_other(self, index: Index) -> None:
        """Whatever their names are made of; and a name nobody has finds nothing."""
        index.apply([row(f"id{i}", "the heron", user=user, axis=0) for i, user in enumerate(ODD_USERS)], [])
        index.compact()
        for i, user in enumerate(ODD_USERS):
            assert index.nominate("heron", toward(0), user=user) == [f"id{i}"], user
        for stranger in ("ada'", "' OR true --", "a%", "nobody", "\ud800"):
            assert index.nominate("heron", toward(0), user=stranger) == []

    def test_nobody_is_crowded_out_by_a_stranger(self, index: Index) -> None:
        """However many rows of another user match better: the limit counts one's own."""
        index.apply([row(f"b{i}", "heron heron heron", user="bob", axis=0) for i in range(300)], [])
        index.apply([row("a", "a heron among many other things of little note", axis=1)], [])
        assert index.nominate("heron", None, user="ada", limit=3) == ["a"]
        assert index.nominate("", toward(0), user="ada", limit=3) == ["a"]

    def test_applying_twice_is_harmless(self, index: Index) -> None:
        """A drain that was cut short is done again."""
        rows = [row(f"id{i}", f"heron number {i}", rev=i, axis=i % _WIDTH) for i in range(20)]
        for _ in range(2):
            index.apply(rows, ["gone", "gone"])
        assert index.inventory() == {f"id{i}": i for i in range(20)}
        assert sorted(index.nominate("heron", None, user="ada")) == sorted(f"id{i}" for i in range(20))

    def test_a_newer_revision_replaces_the_older(self, index: Index) -> None:
        """Its old words and its old meaning are gone."""
        index.apply([row("a", "heron", axis=0), row("b", "lamp", axis=1)], [])
        index.apply([row("a", "kettle", rev=2, axis=2)], [])
        assert index.inventory() == {"a": 2, "b": 1}
        assert index.nominate("heron", None, user="ada") == []
        assert index.nominate("kettle", None, user="ada") == ["a"]
        assert index.nominate("", toward(2), user="ada")[0] == "a"

    def test_of_an_id_given_twice_the_newest_counts(self, index: Index) -> None:
        """Wherever in the batch it stands."""
        index.apply([row("a", "new", rev=3), row("a", "old", rev=2)], [])
        assert index.inventory() == {"a": 3}
        assert index.nominate("new", None, user="ada") == ["a"]

    def test_what_was_deleted_is_not_found(self, index: Index) -> None:
        """Nor what has never been there, however odd its id."""
        index.apply([row("a", "heron", axis=0), row("it's", "heron", axis=0), row("c", "heron")], [])
        index.apply([], ["a", "it's", "never", "' OR true --", ""])
        assert index.inventory() == {"c": 1}
        assert index.nominate("heron", toward(0), user="ada") == ["c"]

    def test_compacting_changes_no_answer(self, index: Index) -> None:
        """Files change, nominations do not."""
        for i in range(12):
            index.apply([row(f"id{i}", f"heron {'reed ' * i}", rev=i, axis=i % _WIDTH)], [f"id{i - 5}"])
        before = index.inventory(), index.nominate("reed heron", toward(3), user="ada")
        index.compact()
        assert (index.inventory(), index.nominate("reed heron", toward(3), user="ada")) == before

    @pytest.mark.parametrize("query", HOSTILE_QUERIES, ids=lambda query: ascii(query[:16]))
    def test_no_query_is_an_error(self, index: Index, query: str) -> None:
        """Text of a user holds no operators, however long or strange it is."""
        index.apply([row("a", "heron", axis=0), row("b", "heron", user="bob", axis=0)], [])
        assert index.nominate(query, toward(0), user="ada") == ["a"]
        assert index.nominate("heron", None, user="ada") == ["a"]

    def test_chinese_and_japanese_are_found(self, index: Index) -> None:
        """By words that no blank separates."""
        index.apply([row("a", "我喜欢猫和咖啡"), row("b", "彼は東京に住んでいます"), row("c", "a cat")], [])
        assert index.nominate("猫", None, user="ada") == ["a"]
        assert index.nominate("東京", None, user="ada") == ["b"]

    def test_names_of_code_and_little_words_are_found(self, index: Index) -> None:
        """A part of foo_bar, and a text of nothing but function words."""
        index.apply([row("a", "call parse_header first"), row("b", "to be or not to be")], [])
        assert index.nominate("header", None, user="ada") == ["a"]
        assert index.nominate("to be", None, user="ada") == ["b"]

    def test_the_limit_holds_for_each_kind(self, index: Index) -> None:
        """At most so many by words, and as many by meaning."""
        index.apply([row(f"id{i:02}", "heron", axis=i % _WIDTH) for i in range(40)], [])
        assert len(index.nominate("heron", None, user="ada", limit=7)) == 7
        assert len(index.nominate("", toward(0), user="ada", limit=7)) == 7
        assert 7 <= len(index.nominate("heron", toward(0), user="ada", limit=7)) <= 14
        assert index.nominate("heron", toward(0), user="ada", limit=0) == []

    def test_a_vector_of_another_width_is_refused(self, index: Index) -> None:
        """In a row and in a question; nothing of the batch is kept."""
        wrong = IndexRow(id="w", rev=1, user="ada", text="heron", vector=toward(0, 9).tobytes())
        with pytest.raises(InputError, match="'w'"):
            index.apply([row("a", "heron"), wrong], [])
        assert index.inventory() == {}
        index.apply([row("a", "heron", axis=0)], [])
        with pytest.raises(InputError, match="9"):
            index.nominate("heron", toward(0, 9), user="ada")

    def test_reset_empties_it(self, index: Index) -> None:
        """And it can be filled again at once."""
        index.apply([row("a", "heron", axis=0)], [])
        index.reset()
        assert index.inventory() == {}
        assert index.nominate("heron", toward(0), user="ada") == []
        index.apply([row("a", "heron", rev=2, axis=0)], [])
        assert index.nominate("heron", toward(0), user="ada") == ["a"]

    def test_reset_works_on_a_damaged_one(self, tmp_path: Path) -> None:
        """That is what it is for."""
        first = self.make(tmp_path)
        first.apply([row("a", "heron", axis=0)], [])
        first.close()
        self.damage(tmp_path)
        again = self.make(tmp_path)
        again.reset()
        assert again.inventory() == {}
        again.apply([row("b", "heron", axis=0)], [])
        assert again.nominate("heron", toward(0), user="ada") == ["b"]
        again.close()
