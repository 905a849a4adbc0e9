"""Text analysis: terms, traits and their stored form."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from eider.language import stems
from eider.language.analysis import ANALYZER, MAX_TERMS, TRAITS, Analysis, analyse, fingerprint, language, terms, words
from eider.model.errors import InputError

SAID_ON = date(2026, 5, 4)


def trait(text: str, name: str) -> float:
    """One trait of a text."""
    return float(analyse(text, said_on=SAID_ON).traits[TRAITS.index(name)])


def alike(first: str, second: str) -> bool:
    """Whether two texts have a term in common."""
    return bool(set(terms(first).tolist()) & set(terms(second).tolist()))


@pytest.mark.parametrize(
    ("word", "stem"),
    [
        ("caresses", "caress"),
        ("ponies", "poni"),
        ("ties", "tie"),
        ("gas", "gas"),
        ("agreed", "agre"),
        ("plastered", "plaster"),
        ("luxuriated", "luxuri"),
        ("hopping", "hop"),
        ("hoping", "hope"),
        ("by", "by"),
        ("say", "say"),
        ("conditional", "condit"),
        ("electricity", "electr"),
        ("hopefulness", "hope"),
        ("replacement", "replac"),
        ("adoption", "adopt"),
        ("controlled", "control"),
        ("generously", "generous"),
        ("succeed", "succeed"),
        ("dying", "die"),
    ],
)
def test_english_words_meet_in_their_stem(word: str, stem: str) -> None:
    """Forms of one word meet, and different words stay apart."""
    assert stems.english(word) == stem


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("She bought it", "what did she buy"),
        ("my kids", "her child"),
        ("photos", "a photograph"),
        ("Die Rechnungen", "die Rechnung war da"),
        ("les réservations", "il faut réserver"),
        ("la reunión de hoy", "las reuniones de ayer"),
        ("我们去北京旅行", "北京怎么样"),
        ("회의실을", "회의실"),
        ("CAFÉ", "cafe"),
    ],
)
def test_forms_of_one_word_are_one_term(first: str, second: str) -> None:
    """Irregular forms, plurals, accents and unspaced scripts find each other."""
    assert alike(first, second)


def test_function_words_leave_no_term() -> None:
    """What every sentence has says nothing about this one."""
    assert len(terms("What did you do with it?")) == 0
    assert len(terms("Was hast du mit dem und das?")) == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Wann ist die Besprechung?", "de"),
        ("Où est la gare ?", "fr"),
        ("¿Dónde está el libro?", "es"),
        ("Oslo", "en"),
        ("", "en"),
    ],
)
def test_language_is_guessed_from_function_words(text: str, expected: str) -> None:
    """A text without any is read as English."""
    assert language(words(text)) == expected


def test_traits_say_what_a_text_is() -> None:
    """Questions, greetings, names, numbers, places and dates are seen."""
    assert trait("Did you like it?", "question") == 1
    assert trait("Hey, thanks!", "greeting") == 1
    assert trait("we met Ana and Joe", "names") == pytest.approx(2 / 3)
    assert trait("I paid 40 euros", "number") == 1
    assert trait("a trip to Lisbon", "place") == 1
    assert trait("I saw it yesterday", "time") == 1
    assert trait("My dog barks", "first_person") == 1
    assert trait("The dog barks", "first_person") == 0


def test_yesterday_is_the_day_before_it_was_said() -> None:
    """Relative dates are resolved once, when the row is written."""
    analysis = analyse("We went there yesterday.", said_on=SAID_ON)
    assert analysis.windows.tolist() == [[SAID_ON.toordinal() - 1] * 2]
    assert analyse("We went there yesterday.").windows.shape == (0, 2)


def test_an_analysis_survives_storage() -> None:
    """Bytes and back give the same values."""
    analysis = analyse("On 3 May 2024 Ada sold 12 violins in Turin. Why?", said_on=SAID_ON)
    again = Analysis.from_bytes(analysis.to_bytes())
    assert again.terms.tolist() == analysis.terms.tolist()
    assert again.traits.tolist() == analysis.traits.tolist()
    assert again.windows.tolist() == analysis.windows.tolist()
    assert again.fingerprint == analysis.fingerprint
    assert len(analysis.to_bytes()) % 8 == 0


def test_terms_never_change_between_runs() -> None:
    """A hash is part of the stored form: changing it asks for a new analyser version."""
    assert ANALYZER == "3"
    assert terms("violin").tolist() == [3658927768678662540]


@pytest.mark.parametrize("blob", [b"", b"1234567", bytes(48), analyse("x").to_bytes()[:-8] + b"12"])
def test_bytes_of_another_kind_are_refused(blob: bytes) -> None:
    """The error says how to mend it."""
    with pytest.raises(InputError, match="rebuild"):
        Analysis.from_bytes(blob)


@pytest.mark.parametrize(
    "text", ["", "\x00", "\ud800", "🦆🦆", "a" * 10_000, "word " * 50_000, "ß" * 300, "'; DROP TABLE x --"]
)
def test_any_text_can_be_analysed(text: str) -> None:
    """Nothing a person may paste breaks it, and its size is bounded."""
    analysis = analyse(text, said_on=SAID_ON)
    assert len(analysis.terms) <= MAX_TERMS
    assert np.isfinite(analysis.traits).all()
    assert fingerprint(text) == fingerprint(f"  {text} ")
