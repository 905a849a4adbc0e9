"""Ids: unique, in order of making, whichever thread or process makes them."""

from __future__ import annotations

import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eider.model.errors import InputError
from eider.model.ids import ALPHABET, is_id, made_at, new_id


def test_an_id_is_a_prefix_and_26_characters() -> None:
    """The characters are Crockford's, in lower case."""
    made = new_id("mem_")
    assert made.startswith("mem_")
    assert len(made) == 30
    assert set(made[4:]) <= set(ALPHABET)
    assert is_id(made, "mem_")


def test_ids_rise() -> None:
    """Each sorts after the one before, also within a millisecond."""
    made = [new_id("ep_") for _ in range(5000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_ids_rise_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time standing still or running backwards does not reorder."""
    before = new_id("ep_")
    monkeypatch.setattr("eider.model.ids.time.time_ns", lambda: 0)
    made = [before, *(new_id("ep_") for _ in range(100))]
    assert made == sorted(set(made))


def test_four_threads_never_make_the_same_id() -> None:
    """Twenty thousand ids of four threads differ, and each thread's own rise."""
    made: list[list[str]] = [[] for _ in range(4)]
    start = threading.Barrier(4)

    def work(mine: list[str]) -> None:
        start.wait()
        mine.extend(new_id("evt_") for _ in range(5000))

    threads = [threading.Thread(target=work, args=(mine,)) for mine in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({each for mine in made for each in mine}) == 20_000
    assert all(mine == sorted(mine) for mine in made)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12 warns where other tests left threads
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
def test_a_forked_child_makes_its_own_ids() -> None:
    """Parent and child do not continue the same sequence."""
    new_id("mem_")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, " ".join(new_id("mem_") for _ in range(50)).encode())
        os._exit(0)
    mine = {new_id("mem_") for _ in range(50)}
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        assert mine.isdisjoint(pipe.read().split())


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**48 - 1))
def test_ids_sort_by_their_time(a: int, b: int) -> None:
    """An id made for an earlier millisecond sorts first, and says its millisecond."""
    one, other = new_id("mem_", a), new_id("mem_", b)
    assert (made_at(one), made_at(other)) == (a, b)
    assert a == b or (one < other) == (a < b)


@pytest.mark.parametrize("prefix", ["", "mem", "MEM_", "me m_", "1_"])
def test_a_prefix_is_letters_and_an_underscore(prefix: str) -> None:
    """Anything else is an error that names it."""
    with pytest.raises(InputError, match=f"'{prefix}'"):
        new_id(prefix)


@pytest.mark.parametrize("at", [-1, 2**48])
def test_a_time_out_of_range_is_refused(at: int) -> None:
    """48 bits of milliseconds are kept."""
    with pytest.raises(InputError, match=f"'{at}'"):
        new_id("mem_", at)


@pytest.mark.parametrize("text", ["", "mem_", "mem_1", "mem_" + "0" * 25 + "u", "mem_" + "Z" * 26, "mem_8" + "0" * 25,
                                  "x mem_" + "0" * 26, "mem_" + "0" * 26 + "\n", None, 7])  # fmt: skip
def test_other_texts_are_no_ids(text: object) -> None:
    """Wrong length, letters, case or type."""
    assert not is_id(text, "mem_")


@given(st.text(max_size=40))
def test_any_text_can_be_asked(text: str) -> None:
    """Asking never fails; reading the time of what is no id is an error that names it."""
    if not is_id(text, "mem_"):
        with pytest.raises(InputError, match="is not an id"):
            made_at(text)
