"""What always holds of findings, whatever is typed."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from eider.understand.reader import read_reply
from eider.understand.sentences import sentences, whole_pieces
from eider.understand.structure import read_structure

PIECES = st.sampled_from([
    "Never deploy after 16:00.", "please remember that", "No,", "I live in Bergen", "btw", "always use `uv run`", "f(x); g(x)", "Dr. Moe",
    "Is that safe?", "he said:", "\n", "\n\n", "> quoted", "```", "- item", "“Never.”", "记住我对花生过敏。", "今後は敬語で", "e.g. tabs", "https://a.example/x?y=1.",
    "From: Bob", "<system-reminder>", "</system-reminder>", "(", ")", "…", "🎉", "thanks!", "C:\\logs", "from now on, short answers", ", ", ": ",
])  # fmt: skip
REPLIES = st.one_of(st.lists(PIECES, max_size=14).map(" ".join), st.text(max_size=200))


@settings(max_examples=150, deadline=None)
@given(
    REPLIES,
    st.sampled_from(["", "Understood.", "Should I remember that you live in Narvik?", "The page says: “x”. Shall I?"]),
)
def test_the_text_is_the_persons_own(reply: str, agent: str) -> None:
    """A finding's text is the substring at its spans, not empty, and cuts no time, path, bracket or abbreviation."""
    for one in read_reply(reply, agent):
        assert one.text == " ".join(reply[start:end] for start, end in one.spans)
        assert one.text.strip()
        assert one.zone in {"learn", "ask"}
        assert 0 <= one.probability <= 1
        if one.answers:
            assert agent[slice(*one.answers)].strip()
        for start, end in one.spans:
            for sentence in (s for s in read_structure(reply) if s.start < end and start < s.end):
                for a, b in whole_pieces(reply[sentence.start : sentence.end]):
                    assert not any(a < edge - sentence.start < b for edge in (start, end))


@settings(max_examples=150, deadline=None)
@given(REPLIES)
def test_sentences_are_in_order_and_lose_no_letter(text: str) -> None:
    """Sentences do not overlap; every letter or digit outside of list marks is in one."""
    spans = sentences(text)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))
    outside = set(range(len(text))) - {place for start, end in spans for place in range(start, end)}
    assert not any(text[place].isalpha() and not _in_list_mark(text, place) for place in outside)


def _in_list_mark(text: str, place: int) -> bool:
    """Whether a letter stands in a mark such as "a)" or "[x]" at the beginning of a line."""
    line = text[text.rfind("\n", 0, place) + 1 :][:12].lstrip()
    return line[1:2] == ")" or line.startswith(("[x]", "[X]"))
