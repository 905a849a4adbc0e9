"""How a later statement bears on an earlier one."""

from difflib import SequenceMatcher

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eider.understand.pair_features import _longest_shared
from eider.understand.pairs import compare, compare_all, repeats, revoked

CHANGES = [
    ("My bike is a Koga.", "My bike is a Gazelle now."),
    ("The staff meeting is on Tuesdays.", "The staff meeting is on Thursdays now."),
    ("Our wiki runs on Confluence.", "We switched from Confluence to Outline."),
    ("Je travaille chez Belmont.", "Je travaille chez Carlin maintenant."),
    ("The keeper of the archive is Lise Holm.", "The keeper of the archive is Ove Dahl."),
    ("Wir nutzen Slack.", "Wir sind von Slack auf Zulip umgestiegen."),
    ("Vivo en Cuenca.", "Me mudé a Teruel."),
    ("我住在成都。", "我搬到重庆了。"),
    ("会議は三階です。", "会議は五階に変わりました。"),
]
OTHER_MATTERS = [
    ("I like plums.", "I like plum jam."),
    ("We use Flask.", "We use Flask extensions written by Ivo."),
    ("My bag is a Freitag.", "My gym bag is a Puma."),
    ("I work at the mill.", "I work at the market on Sundays."),
    ("Our cache is on port 6379.", "The customer's cache is on port 6380."),
    ("My sister lives in Gent.", "My cousin moved to Brugge."),
    ("Ich trinke Saft.", "Ich sammle Saftgläser."),
]


@pytest.mark.parametrize(("earlier", "later"), CHANGES)
def test_a_new_value_closes_or_is_doubted(earlier: str, later: str) -> None:
    """Where a user names a new value, the old memory never stands beside it unmarked."""
    assert compare(earlier, later).decision in {"close", "doubt"}


@pytest.mark.parametrize(("earlier", "later"), OTHER_MATTERS)
def test_another_matter_closes_nothing(earlier: str, later: str) -> None:
    """Compound nouns, a second one of a kind and other people's affairs leave a memory alone."""
    assert compare(earlier, later).decision == "keep"


def test_the_later_one_of_a_fold_holds_all_that_the_earlier_one_did() -> None:
    """A number or a negation that would be lost keeps both."""
    assert compare("The limit is 40 requests.", "There is a limit on requests.").decision != "fold"
    assert compare("Never call before nine.", "Call before nine.").decision != "fold"


@pytest.mark.parametrize("text", ["I live in Oslo.", "Never call before nine!", "我住在成都。"])
def test_the_same_words_again_are_one(text: str) -> None:
    """A repetition folds, whatever its capitals and stops."""
    verdict = compare(text, text.upper().rstrip(".!"))
    assert (verdict.decision, verdict.relation) == ("fold", "same")


def test_probabilities_sum_to_one_and_name_what_spoke() -> None:
    """A verdict can be explained."""
    verdict = compare("I live in Bergen.", "I moved to Oslo.")
    assert sum(verdict.probabilities.values()) == pytest.approx(1)
    assert verdict.probabilities[verdict.relation] >= verdict.probabilities[verdict.runner_up]
    assert verdict.change == pytest.approx(verdict.probabilities["replaces"] + verdict.probabilities["ends"])


def test_a_neighbour_does_not_change_the_verdict_on_another() -> None:
    """Each verdict rests on its own pair."""
    memories = ["I live in Bergen.", "My dog is called Pepper.", "We deploy on Tuesdays."]
    together = compare_all(memories, "I moved to Oslo.")
    for memory, verdict in zip(memories, together, strict=True):
        alone = compare(memory, "I moved to Oslo.")
        assert alone.decision == verdict.decision
        assert alone.change == pytest.approx(verdict.change, abs=1e-4)


STORE = [
    "Always use spaces.",
    "No meetings on Mondays.",
    "I live in Gent.",
    "Never use exclamation marks.",
    "Call me Fen.",
]


@pytest.mark.parametrize(
    ("sentence", "meant"),
    [
        ("Forget the rule about spaces.", 0),
        ("Meetings on Mondays are fine again.", 1),
        ("Ignore what I said about Mondays.", 1),
        ("You can use exclamation marks again.", 3),
        ("I take back what I said about Gent.", 2),
    ],
)
def test_what_is_taken_back_ends_or_is_asked_about(sentence: str, meant: int) -> None:
    """The memory that is meant is the likeliest, and no other ends."""
    found = revoked(sentence, STORE)
    assert found.outcome in {"ends", "ask"}
    assert found.memories[0] == meant


def test_taking_back_what_was_never_said_ends_nothing() -> None:
    """A sentence about another matter names no memory."""
    assert revoked("Forget the umbrella.", STORE).outcome != "ends"
    assert revoked("Forget that.", []).outcome == "none"


def test_nothing_ends_without_a_word_in_common() -> None:
    """Where only likeness speaks, the user is asked."""
    assert (
        revoked("You can go back to Dutch now.", ["Keep it to three sentences.", "I live in Gent."]).outcome != "ends"
    )


def test_long_texts_and_numbers_are_compared() -> None:
    """A pasted page or a number of a thousand digits costs no more than a long sentence, and is no error."""
    assert 0 <= compare("7" * 5_000, "8" * 5_000).change <= 1
    assert 0 <= compare("word " * 10_000, "a" * 10_000).change <= 1


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_two_texts_can_be_compared(earlier: str, later: str) -> None:
    """No text is refused, and probabilities stay probabilities."""
    verdict = compare(earlier, later)
    assert all(0 <= one <= 1 for one in verdict.probabilities.values())
    assert revoked(later, [earlier]).probabilities[0] <= 1


PARALLEL = [
    ["The owner of importer 1 is Ragnhild Moe.", "The owner of importer 2 is Ragnhild Moe."],
    ["Server db-1 runs on port 5412.", "Server db-2 runs on port 5422."],
    ["Kari lives in Bergen.", "Maya lives in Bergen."],
    ["Ticket ABC-12 is blocked.", "Ticket ABC-13 is blocked."],
    ["Invoice 4 was paid by Nordkraft on May 4.", "Invoice 5 was paid by Nordkraft on May 5."],
    ["Die Filiale in Kiel öffnet um 9 Uhr.", "Die Filiale in Bremen öffnet um 10 Uhr."],
]


@pytest.mark.parametrize(("earlier", "later"), PARALLEL)
def test_the_like_of_another_thing_stands_beside(earlier: str, later: str) -> None:
    """What is numbered or named is told apart: nothing says that the one is now the other."""
    assert compare(earlier, later).decision == "keep"


def test_long_texts_that_go_on_differently_are_kept_both() -> None:
    """Only the beginning of a long text is read, and what is not read is not taken to be the same."""
    same = "Rows are read in batches of a thousand and checked one by one. " * 12
    assert compare(same + "The owner is Ida.", same + "The owner is Bo.").decision == "keep"
    assert compare(same + "The owner is Ida.", same + "The owner is Ida.").decision == "fold"
    assert repeats(same + "The owner is Ida.", [same + "The owner is Bo."]) == [False]


@given(st.text("ab 京", max_size=30), st.text("ab 京", max_size=30))
def test_the_longest_shared_run_is_as_long_as_any_search_finds(one: str, other: str) -> None:
    """Letters that two statements share are measured as by comparing every run."""
    found = SequenceMatcher(None, one, other, autojunk=False).find_longest_match().size
    assert _longest_shared(one, other) == found
