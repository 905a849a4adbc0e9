"""Every request passes one ingress, once: marks, secrets, times and origin."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import eider
from eider.model.requests import Correct, Record, RecordMany, Remember, RememberMany
from eider.model.requests_learning import AddRules, CloseLoop, Observe, OpenLoop
from eider.model.requests_reading import DiffOf, Inject, Recall
from eider.model.validation import MAX_TEXT
from eider.privacy import ingress, recall_marks
from eider.privacy.ingress import Channel, accept
from eider.privacy.redact import CleanText

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
SECRET = "my password is hunter2, remember it"
CLEAN = "my password is [redacted:password], remember it"


def entered(request: Any, channel: Channel | None = None) -> Any:
    return accept(request, channel or Channel(), NOW)


@pytest.mark.parametrize("request_", [
    Record(user="ada", text=SECRET, session="one", metadata={"note": SECRET}, key="k"),
    Remember(user="ada", text=SECRET, scope="project:alpha", key="k"),
    Correct(user="ada", id="mem_1", text=SECRET, key="k"),
    Observe(user="ada", user_reply=SECRET, agent_output=SECRET, context=SECRET, key="k", answering_key="a"),
    AddRules(user="ada", rules=[SECRET, "Use tabs."], scope="global"),
    RecordMany(user="ada", items=[{"text": SECRET}, Record(user="ada", text="Hi.")], key="k"),
    RememberMany(user="ada", items=[SECRET, {"text": "Likes tea."}], key="k"),
    CloseLoop(user="ada", id="loop_1", agent_output=SECRET), OpenLoop(user="ada", agent="one"),
], ids=lambda one: type(one).__name__)  # fmt: skip
def test_what_may_be_kept_is_clean_when_a_verb_gets_it(request_: Any) -> None:
    """No text, name or key that a commit could hold is left as it was sent."""
    found = entered(request_)
    for one in (found, *found.records, *found.statements):
        for name in (
            "text",
            "context",
            "agent_output" if not isinstance(request_, Observe) else "",
            "session",
            "scope",
            "key",
            "answering_key",
        ):
            value = getattr(one.request, name, None)
            assert not value or isinstance(value, CleanText), name
        assert isinstance(one.channel.agent, CleanText)
    said = [getattr(one.request, "text", "") for one in (found, *found.records, *found.statements)]
    if not isinstance(request_, CloseLoop | OpenLoop):
        assert CLEAN in said


def test_times_are_instants_and_origins_are_stamped() -> None:
    """A naive time is read in the speaker's zone, days keep their precision, and a channel lowers who spoke."""
    record = entered(Record(user="ada", text="Hi.", at=datetime(2026, 5, 1, 8), tz="Europe/Berlin"))  # noqa: DTZ001
    assert (record.time("at"), record.tz) == (datetime(2026, 5, 1, 6, tzinfo=UTC), "Europe/Berlin")
    assert record.request.session == "2026-05-01"
    assert entered(Remember(user="ada", text="x", valid_from="2023-05")).times["valid_from"][1] == "month"
    assert entered(DiffOf(user="ada", since="2026-05-01")).time("until") is None
    asked = entered(Recall(user="ada", query="x", as_of=datetime(2026, 5, 1, 8), tz="Europe/Berlin"))  # noqa: DTZ001
    assert asked.time("as_of") == datetime(2026, 5, 1, 6, tzinfo=UTC)
    tool = Channel(name="web", max_trust="document")
    assert entered(Record(user="ada", text="Hi."), tool).origin == "document"
    assert entered(Record(user="ada", text="Hi.", role="agent")).origin == "agent"


def test_recalled_memory_is_taken_out_where_it_enters() -> None:
    """It is learned from neither as an utterance nor as a part of an exchange, and asked for by no prompt."""
    frame = recall_marks.mark(["- tea"], ["mem_1"])
    assert entered(Record(user="ada", text=f"{frame}\nHello.")).request.text.strip() == "Hello."
    heard = entered(Observe(user="ada", user_reply="Yes.", agent_output=frame))
    assert [one.request.text for one in heard.records] == ["Yes."]
    assert frame not in entered(Inject(user="ada", prompt=f"{frame} tea?")).request.prompt
    with pytest.raises(eider.errors.InputError, match="recalled memory"):
        entered(Observe(user="ada", user_reply=frame))


def test_a_long_reply_enters_in_parts_under_keys_of_their_own() -> None:
    """Each part is an utterance of the largest size, and the same call makes the same keys."""
    found = entered(Observe(user="ada", user_reply="word " * (MAX_TEXT // 4), key="k"))
    assert [one.request.key for one in found.records] == ["k:user", f"k:user:{MAX_TEXT}"]
    assert all(len(one.request.text) <= MAX_TEXT for one in found.records)


def test_each_utterance_is_redacted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One row, one pass: `record` takes one, an exchange one for each of both who spoke."""
    rows: list[Mapping[str, str]] = []
    inner = ingress.redact_row

    def counted(fields: Mapping[str, str], *rest: Any) -> Any:
        rows.append(fields)
        return inner(fields, *rest)

    monkeypatch.setattr(ingress, "redact_row", counted)
    with eider.open(tmp_path / "m.eider", user="ada") as memory:
        memory.record("Hello.")
        assert [row["text"] for row in rows] == ["Hello."]
        memory.observe(agent_output="I used tabs.", user_reply="Fine.")
        assert [row["text"] for row in rows[1:]] == ["I used tabs.", "Fine."]
