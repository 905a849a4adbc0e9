"""What was replaced does not come back through the words it was said in."""

from __future__ import annotations

from pathlib import Path

import pytest
from quoted import quoted

import eider
from eider.api.facade import Eider
from eider.api.scores import relevance

SAID = "2026-06-03T09:00:00+00:00"
CHANGED = "2026-09-03T09:00:00+00:00"
ASKED = "2026-11-03T09:00:00+00:00"
PAIRS = (
    ("We deploy Kestrel on Tuesdays.", "Kestrel is deployed on Thursdays now.", "When do we deploy Kestrel?"),
    ("I live in Bergen.", "I moved to Oslo.", "Where do I live?"),
    ("We build with Gradle.", "Builds moved to Bazel.", "What do we build with?"),
    ("My manager is Ingrid.", "My new manager is Tomasz.", "Who is my manager?"),
    ("The staging database listens on port 6543.", "Staging moved to port 6544.", "Which port is the staging database on?"),
)  # fmt: skip


def opened(folder: Path, at: str) -> Eider:
    """The store at an instant."""
    return eider.open(folder / "a.eider", user="kari", clock=eider.FixedClock(at))


def replaced(folder: Path) -> dict[str, str]:
    """A store in which five statements were replaced three months later; old utterance → its id."""
    ids: dict[str, str] = {}
    with opened(folder, SAID) as memory:
        kept = {old: quoted(memory, old, session=f"s{i}") for i, (old, _, _) in enumerate(PAIRS)}
        for line in ("The cat sleeps on the red sofa.", "I sing in a choir.", "The fence was painted green."):
            memory.record(line, session="other")
    with opened(folder, CHANGED) as memory:
        for old, new, _ in PAIRS:
            episode, (statement,) = kept[old]
            memory.correct(statement.id, new)
            ids[old] = episode.id
    return ids


def test_the_new_value_comes_first_and_the_old_words_below_with_their_end(tmp_path: Path) -> None:
    """A question about the present is answered by what holds; the replaced words follow and say until when they held."""
    ids = replaced(tmp_path)
    with opened(tmp_path, ASKED) as memory:
        for old, new, question in PAIRS:
            found = memory.recall(question, limit=20)
            assert found[0].text == new, question
            words = next(r for r in found if r.id == ids[old])
            assert words.until is not None
            assert "(until 3 Sep 2026)" in words.line
            assert any("until 3 Sep 2026" in note for note in words.why.notes)
            assert words.score == pytest.approx(relevance(sum(words.why.shares.values())), abs=0.01)


def test_replaced_words_are_never_injected_nor_guide(tmp_path: Path) -> None:
    """Neither a prompt nor guidance holds what no longer does, also where a deadline is named."""
    replaced(tmp_path)
    with opened(tmp_path, ASKED) as memory:
        for old, _, question in PAIRS:
            for prompt in (question, f"{question[:-1]} by Friday?", f"Before Monday: {question}"):
                assert old.rstrip(".") not in memory.inject(prompt).text
        assert not any(old in memory.policy(context=q).text for old, _, q in PAIRS)


def test_a_question_about_the_past_brings_what_held_then(tmp_path: Path) -> None:
    """What is asked about decides, not whether a date is named."""
    replaced(tmp_path)
    with opened(tmp_path, ASKED) as memory:
        for question, old in (
            ("Where did I live in July?", "I live in Bergen."),
            ("Which port was the staging database on before?", "The staging database listens on port 6543."),
            ("Who was my previous manager?", "My manager is Ingrid."),
        ):
            best = memory.recall(question, limit=3)[0]
            assert best.text == old
            assert "(until 3 Sep 2026)" in best.line
            given = memory.inject(question)
            assert old not in given.text or "(until 3 Sep 2026)" in given.text


@pytest.mark.parametrize(
    "prompt",
    [
        "Ask the server of the billing module to reply by Friday.", "Until Friday, who owns the billing module?",
        "Get the server of the billing module to sign before Monday.", "Frag bis Freitag, wem das billing module gehört.",
        "Use the report of last week and ask the server of the billing module.",
    ],
)  # fmt: skip
def test_a_date_in_a_prompt_does_not_open_the_past(tmp_path: Path, prompt: str) -> None:
    """What expired stays out where a date only says by when something is to be done."""
    with opened(tmp_path, SAID) as memory:
        memory.remember("The server of the billing module is Bo Lunde.", valid_to="2026-08-01")
        memory.remember("The server of the billing module is Ida Moe.", valid_from="2026-08-01")
    with opened(tmp_path, ASKED) as memory:
        assert not any("Bo Lunde" in r.text for r in memory.recall(prompt))
        assert "Bo Lunde" not in memory.inject(prompt).text


def test_a_part_that_ended_is_marked_and_left_out_of_prompts(tmp_path: Path) -> None:
    """An utterance that says two things keeps the one that holds."""
    reply = "I live in Bergen. I drive the number six tram."
    with opened(tmp_path, SAID) as memory:
        episode, (home, _) = quoted(memory, reply, "I live in Bergen.", "I drive the number six tram.")
    with opened(tmp_path, CHANGED) as memory:
        memory.deactivate(home.id)
    with opened(tmp_path, ASKED) as memory:
        words = next(r for r in memory.recall("tram", kinds=["episode"]) if r.id == episode.id)
        assert words.until is None
        assert [reply[s.start : s.end] for s in words.ended] == ["I live in Bergen."]
        assert "I live in Bergen. [until 3 Sep 2026]" in words.line
        given = memory.inject("Which tram do I drive?").text
        assert "tram" in given
        assert "Bergen" not in given


def test_the_same_words_said_again_before_the_change_end_with_it(tmp_path: Path) -> None:
    """Repetitions that taught nothing new fall with what they repeat; said once more afterwards, they hold."""
    with opened(tmp_path, SAID) as memory:
        _, (home,) = quoted(memory, "I live in Bergen.")
        memory.record("i live in Bergen", session="t")
    with opened(tmp_path, CHANGED) as memory:
        memory.correct(home.id, "I moved to Oslo.")
    with opened(tmp_path, ASKED) as memory:
        assert "Bergen" not in memory.inject("Where do I live?").text
        found = memory.recall("Where do I live?")
        assert [r.said for r in found if "Bergen" in r.text] == [1, 1]
        assert all(r.until is not None for r in found if "Bergen" in r.text)
        memory.record("I live in Bergen.", session="u")
        assert [r.until is None for r in memory.recall("Where do I live?") if r.text == "I live in Bergen."] == [True]


def test_exact_repetitions_are_one_hit_with_a_count(tmp_path: Path) -> None:
    """Twelve times the same leaves room for nine other lines."""
    with opened(tmp_path, SAID) as memory:
        for i in range(12):
            memory.record("The ledger runs on Postgres 15.", session=f"s{i}")
        for i in range(12):
            memory.record(f"The ledger keeps {i + 2} years of postings in Postgres.", session=f"t{i}")
        found = memory.recall("What does the ledger run on in Postgres?", limit=10)
        assert len(found) == len({r.text for r in found}) == 10
        assert next(r for r in found if r.text.endswith("15.")).said == 12
        assert memory.recall("What does the ledger run on in Postgres?", limit=1)[0].said in (1, 12)


def test_words_that_differ_in_signs_only_are_not_one(tmp_path: Path) -> None:
    """C is not C++."""
    with opened(tmp_path, SAID) as memory:
        for text in ("I write C.", "I write C++.", "I write C#."):
            memory.record(text, session=text)
        assert {r.text for r in memory.recall("What do I write?")} == {"I write C.", "I write C++.", "I write C#."}


def test_a_memory_stands_for_an_utterance_in_its_words(tmp_path: Path) -> None:
    """What is kept and was said in the same words is one hit, whatever its evidence."""
    with opened(tmp_path, SAID) as memory:
        memory.record("The importer belongs to Ragnhild Moe.", session="s")
        kept = memory.remember("The importer belongs to Ragnhild Moe.")
        assert [r.id for r in memory.recall("Who owns the importer?")] == [kept.id]


def test_what_held_is_told_as_of_that_day(tmp_path: Path) -> None:
    """An instant given by the caller is answered as things stood then."""
    replaced(tmp_path)
    with opened(tmp_path, ASKED) as memory:
        found = memory.recall("Where do I live?", as_of="2026-07-01T00:00:00Z")
        assert found[0].text == "I live in Bergen."
        assert not any("Oslo" in r.text for r in found)


def test_a_past_without_a_beginning_is_asked_from_any_zone(tmp_path: Path) -> None:
    """What begins with "before June" has no first day that a zone could shift."""
    replaced(tmp_path)
    with opened(tmp_path, ASKED) as memory:
        for zone in ("Europe/Oslo", "America/Los_Angeles", "Pacific/Auckland", "UTC"):
            found = memory.recall("Where did I live before September?", tz=zone)
            assert found[0].text == "I live in Bergen."


def test_a_large_user_s_replaced_words_are_known_as_such(tmp_path: Path) -> None:
    """Where the index nominates, what closed the nominated comes with it."""
    ids = replaced(tmp_path)
    with opened(tmp_path, ASKED) as memory:
        memory.drain()
        memory._engine.large.rows = 3
        for old, new, question in PAIRS:
            found = memory.recall(question)
            assert found[0].text == new, question
            assert next(r for r in found if r.id == ids[old]).until is not None


@pytest.mark.parametrize("door", ["record", "remember"])
@pytest.mark.parametrize(
    ("old", "new", "question"),
    [
        ("The team lead is Maya.", "The team lead is Jonas now.", "Who is the team lead?"),
        ("The retry limit is three.", "The retry limit is now five.", "What is the retry limit?"),
        ("We deploy Kestrel on Tuesdays.", "Kestrel is deployed on Thursdays now.", "When do we deploy Kestrel?"),
    ],
)
def test_a_later_line_that_nobody_compared_stands_above_the_earlier(
    tmp_path: Path, door: str, old: str, new: str, question: str
) -> None:
    """Also where nothing was learned of either: the earlier one is marked, and a prompt gets the later alone."""
    for at, text in ((SAID, old), (CHANGED, new)):
        with opened(tmp_path, at) as memory:
            memory.record(text, session=at) if door == "record" else memory.remember(text)
    with opened(tmp_path, ASKED) as memory:
        found = memory.recall(question)
        assert found[0].text == new
        if len(found) > 1:
            assert "3 Sep 2026" in found[1].line
        assert old not in memory.inject(question).text


@pytest.mark.parametrize(
    ("statement", "question", "asked"),
    [
        ("The budget is 12,000 euros.", "What could we do if the budget were 20,000 euros?", "What is the budget?"),
        ("Wir heizen mit Gas.", "Angenommen, wir heizen mit Pellets, was spart das?", "Womit heizen wir?"),
    ],
)
def test_a_statement_stands_above_a_question_about_the_same(
    tmp_path: Path, statement: str, question: str, asked: str
) -> None:
    """A question states nothing, so it answers none and outdates nothing."""
    for at, text in ((SAID, statement), (CHANGED, question)):
        with opened(tmp_path, at) as memory:
            memory.record(text, session=at)
    with opened(tmp_path, ASKED) as memory:
        first, *others = memory.recall(asked)
        assert first.text == statement
        assert not first.outdated_by
        assert [r.text for r in others] == [question]


def test_lines_of_two_scopes_do_not_outdate_each_other(tmp_path: Path) -> None:
    """One project's convention says nothing of another's."""
    for at, scope, text in (
        (SAID, "project:a", "The retry limit is three."), (CHANGED, "project:b", "The retry limit is now five."),
    ):  # fmt: skip
        with opened(tmp_path, at) as memory:
            memory.remember(text, scope=scope)
    with opened(tmp_path, ASKED) as memory:
        assert not any(r.outdated_by for r in memory.recall("What is the retry limit?"))


def test_why_tells_in_sentences_whether_a_memory_holds(tmp_path: Path) -> None:
    """Where it comes from, until when it held and what replaced it; no marks of the machine."""
    with opened(tmp_path, SAID) as memory:
        _, (home,) = quoted(memory, "I live in Bergen.")
        assert memory.why(home.id).summary.startswith(
            "A fact that applies everywhere. The user told it on 2026-06-03, and it rests on what was said then. It holds;"
        )
    with opened(tmp_path, CHANGED) as memory:
        after = memory.correct(home.id, "I moved to Oslo.")
        assert memory.why(home.id).summary.endswith(f"It held until 2026-09-03 and was replaced by {after.id}.")
