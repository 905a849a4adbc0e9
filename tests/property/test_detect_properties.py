"""What holds of detection for every text."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from eider.understand.signals import authored, detect

DATA = Path(__file__).parents[1] / "data" / "signals"
REPLIES = [
    json.loads(line)["reply"]
    for name in ("en", "de", "fr", "es", "zh", "poison")
    for line in (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
]
PIECES = [
    "always ", "never ", "I prefer ", "we ", "use tabs", "please ", "from now on ", "if ", "no, ", "not ", "it's ", ", ", ". ", "? ", ": ", "\n", "\n\n",
    "> ", "```", "`", '"', "“", "”", "'", "<a>", "</a>", "<eider-memory", "$ ", "Dear x,", "\0", "\ud800", "🙂", "\u202e", "שלום ", "以后", "我们", "，", "。",
    "ich ", "je ", "siempre ", "don't ", "    ", "\t", "1. ", "From: x", "says ", "I ", "my ", "like ", "-", "—", "…", "\r\n", "\u2028", "it",
]  # fmt: skip

mixed = st.one_of(
    st.text(st.characters(), max_size=200),
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
    st.sampled_from(REPLIES),
)
prose = st.lists(
    st.sampled_from("always never we I prefer use tabs please do not the a".split()), min_size=1, max_size=15
).map(" ".join)


@given(mixed, mixed)
def test_any_text_is_answered_and_spans_lie_in_the_users_own_words(reply: str, agent: str) -> None:
    """Total on any text, surrogates, NUL, emoji and right-to-left marks included."""
    own = authored(reply)
    for signal in detect(reply, agent):
        assert any(start <= signal.start < signal.end <= end for start, end in own)
        assert 0 <= signal.confidence <= 1


@given(mixed)
def test_authored_stretches_are_in_order_and_apart(reply: str) -> None:
    """Spans are inside the text, not empty, ascending and never overlap."""
    at = 0
    for start, end in authored(reply):
        assert at <= start < end <= len(reply)
        at = end


@given(mixed, mixed)
def test_the_same_input_gives_the_same_answer(reply: str, agent: str) -> None:
    """Nothing is remembered between calls."""
    assert detect(reply, agent) == detect(reply, agent)


@given(
    st.sampled_from(REPLIES),
    prose,
    st.sampled_from(["```\n{}\n```", "> {}", "“{}, and {}.”", "~~~\n{}\n~~~", '"""\n{}\n"""']),
)
def test_code_and_quotations_never_add_a_signal(reply: str, words: str, frame: str) -> None:
    """Whatever a code block or a quotation says after a reply, the reply's signals are the same or fewer."""
    more = detect(f"{reply}\n\n{frame.format(words, words)}")
    assert {(s.start, s.end) for s in more} <= {(s.start, s.end) for s in detect(reply)}


@given(prose, st.sampled_from(["```\n{}\n```", "> {}", '"""\n{}\n"""', "<doc>{}</doc>", "Forwarded message:\n\n{}"]))
def test_what_is_framed_as_anothers_is_silent(words: str, frame: str) -> None:
    """A reply that is only code, quotation, markup or forwarded mail has no signal."""
    assert detect(frame.format(words)) == ()
