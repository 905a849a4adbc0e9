"""The ranker: what a question means and which row answers it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest

from eider.language.questions import AGENT, USER
from eider.retrieve.query import Question
from eider.retrieve.rank import rank
from eider.retrieve.weights import WEIGHTS
from eider.store.arrays import micros
from eider.store.segment.segment import Segment
from eider.testing.segments import TODAY, segment_rows, vector_of

MINUTE = 60_000_000


def ask(segment: Segment, text: str, **more: object) -> Question:
    """A question without meaning vectors, so that words decide."""
    return Question.read(text, segment, today=TODAY, now=10**15, **more)


def found(segment: Segment, text: str, limit: int = 10, visible: np.ndarray | None = None) -> list[str]:
    """Ids of the answer."""
    mask = segment.alive if visible is None else visible
    return [segment.ids[r.row] for r in rank(segment, ask(segment, text), mask, limit=limit)]


def talk(*lines: tuple[str, str], roles: bool = False, **more: object) -> list[dict[str, object]]:
    """Rows of one session from (speaker, text)."""
    return [
        {
            "id": f"e{i}",
            "speaker": s,
            "text": t,
            "session": "s",
            "seq": i,
            "at": i * MINUTE,
            "role": (s == "agent") if roles else 2,
        }
        | more
        for i, (s, t) in enumerate(lines)
    ]


def test_the_named_speaker_is_preferred() -> None:
    """Of two rows with the same words, the one said by the person asked about comes first."""
    segment = Segment.build(segment_rows(talk(("Ada", "I sold my violin"), ("Ben", "I sold my violin"))))
    assert found(segment, "What did Ben sell?")[0] == "e1"
    assert found(segment, "What did Ada sell?")[0] == "e0"


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("What did you recommend for my bike?", AGENT),
        ("When did I buy the bike?", USER),
        ("Can you help me set up a cache for my app?", USER),
        ("Can you list the order in which I brought up the bike?", USER),
        ("My build fails. Could you please fix my tests?", USER),
        ("Please summarise the meeting", -1),
        ("Can you summarise the meeting?", -1),
        ("Can you tell me what you recommended for the bike?", AGENT),
        ("What would you suggest for the bike?", AGENT),
        ("Do you remember what I said about the bike?", USER),
        ("Kannst du mir helfen, das Treffen zu planen?", -1),
        ("Kannst du mir sagen, was du empfohlen hast?", AGENT),
        ("Pourrais-tu résumer la réunion ?", -1),
        ("¿Puedes resumir la reunión?", -1),
        ("你能总结会议吗？", -1),
        ("请告诉我你建议了什么", AGENT),
        ("what was your advice about the chain", AGENT),
        ("Was hast du mir empfohlen?", AGENT),
        ("Wann habe ich das Rad gekauft?", USER),
        ("Qu'est-ce que tu as conseillé ?", AGENT),
        ("¿Qué me recomendaste?", AGENT),
        ("你建议我买什么？", AGENT),
        ("我什么时候买的？", USER),
        ("Is the sky blue?", -1),
    ],
)
def test_a_pronoun_says_whose_words_are_wanted(text: str, role: int) -> None:
    """I is the user, you is the agent, in five languages."""
    assert ask(Segment(), text).role == role


def test_of_two_names_the_one_after_the_auxiliary_is_the_subject() -> None:
    """Who did it, not who it was done to; "both" means neither."""
    segment = Segment.build(segment_rows(talk(("Ada", "hello"), ("Ben", "hello"))))
    assert ask(segment, "What did Ben give Ada?").subject == segment.speakers["Ben"]
    assert ask(segment, "What do both Ada and Ben like?").subject == -1


def test_a_common_word_is_a_name_only_with_its_capital() -> None:
    """A speaker called Will does not own the word."""
    segment = Segment.build(segment_rows(talk(("Will", "hello"), ("Ada", "hello"))))
    assert ask(segment, "Will it rain?").subject == -1
    assert ask(segment, "What did Will say?").subject == segment.speakers["Will"]


def test_neighbours_lend_evidence() -> None:
    """The answer to a question is found though it shares no word with what is asked."""
    rows = talk(("Ada", "Where is the violin kept?"), ("Ben", "Behind the blue cupboard."))
    rows += [
        {"id": f"x{i}", "text": "Behind the blue cupboard.", "session": f"t{i}", "speaker": "Ben"} for i in range(3)
    ]
    assert "e1" in found(Segment.build(segment_rows(rows)), "where is the violin", limit=2)


def test_a_quotation_is_never_outranked_by_neighbours() -> None:
    """Rows around may say the same words many times; the row that is quoted comes first."""
    lines = [("Ada", "violin harbour glacier lantern violin harbour glacier lantern, 1987?")] * 4
    rows = [*talk(*lines), {"id": "q", "text": "violin harbour glacier"}]
    assert found(Segment.build(segment_rows(rows)), "Violin, harbour glacier!")[0] == "q"


def test_the_days_asked_about_come_first() -> None:
    """Of two like rows the one said within the window wins."""
    may, june = (micros(datetime(2025, month, 7, 12, tzinfo=UTC)) for month in (5, 6))
    rows = [
        {"id": "may", "text": "We went sailing", "session": "a", "at": may},
        {"id": "june", "text": "We went sailing", "session": "b", "at": june},
    ]
    segment = Segment.build(segment_rows(rows))
    assert found(segment, "When did we sail in June 2025?")[0] == "june"
    assert found(segment, "When did we sail in May 2025?")[0] == "may"


@pytest.mark.parametrize(("tz", "first"), [("UTC", "late"), ("Asia/Tokyo", "early"), ("America/Los_Angeles", "eve")])
def test_a_day_begins_at_the_askers_midnight(tz: str, first: str) -> None:
    """What was said at half past eleven is of another day further east."""
    said = {"eve": (5, 10, 8), "early": (5, 9, 16), "late": (5, 10, 23)}
    zone_day = {"UTC": date(2025, 5, 11), "Asia/Tokyo": date(2025, 5, 11), "America/Los_Angeles": date(2025, 5, 11)}[tz]
    rows = [
        {"id": name, "text": f"row {name}", "at": micros(datetime(2025, *when, 30, tzinfo=UTC))}
        for name, when in said.items()
    ]
    segment = Segment.build(segment_rows(rows))
    question = Question.read("What did I do yesterday?", segment, today=zone_day, tz=tz)
    begun, ended = question.span or (0, 0)
    of_day = {r["id"] for r in rows if begun <= int(str(r["at"])) < ended}
    answer = [segment.ids[r.row] for r in rank(segment, question, segment.alive, limit=3)]
    assert set(answer[: len(of_day)]) == of_day
    assert first in of_day


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("What did I do yesterday?", True),
        ("What did we do the weekend before last?", True),
        ("What happened in spring?", True),
        ("What did I say last month?", True),
        ("What did I say about the harbour last month?", False),
        ("Book the harbour for Tuesday.", False),
        ("Who paid the harbour fee by Friday?", False),
        ("Was habe ich gestern gemacht?", True),
        ("Qu'ai-je fait hier ?", True),
        ("¿Qué hice ayer?", True),
        ("我昨天做了什么？", True),
    ],
)
def test_a_question_for_a_day_wants_its_lines_first(text: str, first: bool) -> None:
    """So does one that asks for a period and for nothing else; a deadline or a subject does not."""
    assert ask(Segment(), text).days_first is first


def test_a_memory_stands_for_the_episodes_it_rests_on() -> None:
    """One candidate, shown as the memory, with the better score of the two."""
    rows = talk(("Ada", "I really prefer walnut bread over everything"), ("Ben", "Noted"))
    memory = {"id": "m", "text": "Ada prefers walnut bread.", "memory": True, "evidence": ("e0",)}
    segment = Segment.build(segment_rows([*rows, memory]))
    answer = rank(segment, ask(segment, "which bread, walnut?"), segment.alive, limit=10)
    ids = [segment.ids[r.row] for r in answer]
    assert ids[0] == "m"
    assert "e0" not in ids
    assert answer[0].absorbed == (segment.row_of["e0"],)


def test_a_hidden_memory_leaves_its_evidence_visible() -> None:
    """What may not be seen replaces nothing."""
    rows = talk(("Ada", "I prefer walnut bread"))
    segment = Segment.build(
        segment_rows([*rows, {"id": "m", "text": "Walnut bread.", "memory": True, "evidence": ("e0",)}])
    )
    visible = segment.alive.copy()
    visible[segment.row_of["m"]] = False
    assert found(segment, "walnut bread", visible=visible) == ["e0"]


def test_mild_terms_decide_only_between_equals() -> None:
    """Pin, importance and scope order two like memories, and do not outweigh a matching word."""
    like = [
        {"id": "a", "text": "Uses tabs in code", "memory": True},
        {"id": "b", "text": "Uses tabs in code", "memory": True, "pinned": True, "importance": 5, "scope": "project:x"},
        {"id": "c", "text": "Uses violins", "memory": True, "pinned": True, "importance": 5, "scope": "project:x"},
    ]
    assert found(Segment.build(segment_rows(like)), "which tabs do we use in the code of this") == ["b", "a", "c"]


def test_a_nominator_may_choose_the_candidates() -> None:
    """Only nominated rows and their neighbours are considered."""
    rows = talk(*[("Ada", f"violin {i}") for i in range(10)])
    segment = Segment.build(segment_rows(rows))
    answer = rank(segment, ask(segment, "violin"), segment.alive, limit=10, nominated=[5])
    assert {segment.ids[r.row] for r in answer} == {"e4", "e5", "e6"}


def test_absolute_evidence_comes_with_every_row() -> None:
    """Coverage, cosine and the share of the best possible do not depend on the other rows shown."""
    segment = Segment.build(segment_rows([{"id": "a", "text": "violin harbour"}, {"id": "b", "text": "glacier"}]))
    question = Question.read("violin harbour", segment, today=TODAY, embed=vector_of)
    first, second = rank(segment, question, segment.alive, limit=5)
    assert first.exact
    assert first.coverage == pytest.approx(1)
    assert first.cosine == pytest.approx(1, abs=1e-3)
    assert second.coverage == 0
    assert first.margin == pytest.approx(first.score - second.score)


@pytest.mark.parametrize("text", ["", "?", "the of", "\ud800", "🦆", "'; DROP TABLE rows --", "word " * 5000])
def test_any_question_gets_an_answer_or_none(text: str) -> None:
    """Nothing a person may type breaks it."""
    segment = Segment.build(segment_rows(talk(("Ada", "I sold my violin"), ("Ben", "to whom?"))))
    assert len(found(segment, text)) == 2


def test_a_pasted_page_is_read_for_its_rarest_words() -> None:
    """The cost of a question is bounded, and the text itself is still found by itself."""
    page = " ".join(f"word{i} violin harbour" for i in range(2000))
    rows = [{"id": "page", "text": page}, *({"id": f"r{i}", "text": f"violin harbour {i}"} for i in range(20))]
    segment = Segment.build(segment_rows(rows))
    assert len(ask(segment, page).distinct) == 64
    assert found(segment, page)[0] == "page"


def test_an_empty_segment_or_limit_answers_nothing() -> None:
    """No rows, no answer."""
    assert found(Segment(), "violin") == []
    segment = Segment.build(segment_rows(talk(("Ada", "violin"))))
    assert found(segment, "violin", limit=0) == []
    assert found(segment, "violin", visible=np.zeros(1, np.bool_)) == []


def test_every_weight_says_where_it_comes_from() -> None:
    """A value without a source is a bug."""
    assert set(WEIGHTS.by_name) == set(WEIGHTS.source)
    assert all("20" in source for source in WEIGHTS.source.values())
