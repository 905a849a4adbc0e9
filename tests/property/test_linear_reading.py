"""Whatever reads a user's text takes time that grows with its length, not with its square."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import date

import pytest

from eider.guide.gate import prompt_reading
from eider.language.analysis import analyse
from eider.language.causes import causes_in
from eider.language.dates import event_asked, mentions
from eider.language.questions.intents import intent_of
from eider.language.questions.names import names_in
from eider.model.visible_text import visible_lines
from eider.privacy import recall_marks
from eider.privacy.redact import redact
from eider.retrieve.query import Question
from eider.store.segment.segment import Segment
from eider.understand.pair_reading import read
from eider.understand.reader import read_reply
from eider.understand.sentences import clauses, sentences
from eider_claude_hooks.words import split_private

TODAY = date(2026, 5, 20)
NIGHTLY = bool(os.environ.get("EIDER_NIGHTLY"))
LENGTH = 20_000 if NIGHTLY else 2_000
TIMES_LONGER = 4
TOO_MUCH = 9.0
"""Four times the text may take nine times as long; what is quadratic takes sixteen times."""
NOTICED = 0.02
"""Seconds of the processor under which a reading says nothing of how it grows."""

UNITS = (
    "港口起重机的测试按照泊位命名", "1234567890", "9f3c2ab07d", "abcdefghij", "Abcde", "こんにちは", "e\u0301", "a_b_", "a-b-", "a.b.",
    "    ", "\n\n\n\n", "\n   ", "....", "----", "????", '""""', "''''", "'a ", "````", "((((", "[[[[", "<<<<", "{{{{", "<a ", "; ",
    "< private ", "/a/b", "a@b.", "http://a", "key=value ", "a: b\n", "- a\n", "> a\n", "because ", "replaced a ", "never x ",
    "not a ", "no, not ", "what ", "if you can ", "can you ", "since x ", "before the ", "May 5-", "vor dem ", "avant le ",
    "desde el ", "之前", "请你帮我", "hast du ", "me recomendaste ", "港口abc12", "<" + " " * 300,
    "나는서울에살고", "ฉันอาศัยอยู่", "انااسكن", "אניגר", "яживу", "μενω", "मैंरहता", "a-b-", "5-5-", "2020-01-01", "😀", "👩\u200d💻", "l'a'", "+1+1",
    "sk-", "sk- ", "password ", "password for ", "key=", "password=a-", "eyJ.", "://a:", "-----BEGIN PRIVATE KEY-----",
    "4 ", "<private ", "a\n", "a\u200b", "{[(", "'\"",
    "<a>", "<a-b>\n", "我，", "%20", "\\a", "$a", "*a*", "|a|", "1. a\n", "http://a.b/", "a@b.c ", "?a", '{"a":', "<eider-memory>", "\u200b", "\x1b[",
)  # fmt: skip
if NIGHTLY:  # what is looked for around it is bounded by a window that the shorter text does not fill
    UNITS += ("-----END PRIVATE KEY-----",)
READERS: dict[str, Callable[[str], object]] = {
    "reply": read_reply,
    "statement": read,
    "question": lambda text: Question.read(text, Segment(), today=TODAY),
    "dates": lambda text: mentions(text, said_on=TODAY),
    "events": event_asked,
    "analysis": analyse,
    "redact": redact,
    "gate": lambda text: prompt_reading.read(text, ()),
    "private": split_private,
    "causes": causes_in,
    "names": names_in,
    "intents": intent_of,
    "clauses": lambda text: [clauses(text, *span) for span in sentences(text)],
    "shown": visible_lines,
    "marks": recall_marks.strip,
}


def seconds(reader: Callable[[str], object], text: str) -> float:
    began = time.process_time()
    reader(text)
    return time.process_time() - began


@pytest.mark.parametrize("name", READERS)
def test_four_times_the_text_takes_about_four_times_as_long(name: str) -> None:
    """Runs of one thing, without spaces or of spaces alone, are what a search that starts anywhere is slow on."""
    reader, slow = READERS[name], {}
    for number, unit in enumerate(UNITS):
        for tail in ("", "x") if NIGHTLY else ("x" * (number % 2),):
            long = (unit * LENGTH)[: LENGTH * TIMES_LONGER] + tail
            if seconds(reader, long) < NOTICED:
                continue
            times = [(seconds(reader, (unit * LENGTH)[:LENGTH] + tail), seconds(reader, long)) for _ in range(3)]
            short, longest = min(a for a, _ in times), min(b for _, b in times)
            if longest > TOO_MUCH * short:
                slow[unit] = f"{short:.3f} s, {longest:.3f} s"
    assert slow == {}
