"""What is kept of a reply is what was said: whole pieces, frames aside, in the kind that it is, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import eider

if TYPE_CHECKING:
    from collections.abc import Iterator

WHOLE = (
    "Never deploy after 16:00.", "Deploys happen at 14:00 UTC on Thursdays.", "Always run the app with -p 8080:80.",
    "I work 8:00-16:00.", "The API listens on localhost:8080.", "Our image is registry.example.org/kestrel:1.4.",
    "My IPv6 prefix is fe80::1.", "Always keep logs in C:\\Users\\kari\\logs.", "Always crop pictures to 16:9.",
    "Always use std::string_view for parameters.", "Always push to git@forge.example:team/ledger.git.",
    "Always run npm run build:prod before you push.", "Always prefix branches with blue-.", "Always use @dataclass(frozen=True).",
    "Always escape & and <.", "Always write Kr. 1.234,50 in invoices.", "Never deploy on Fri. or Sat.", "Always mention Dr. Moe first.",
    "Always use e.g. and i.e. with full stops.", "My landlord is called Mr. Ferreira and the rent is due on the 5th.",
    "Don't ever push to main without asking me.", "Never push to main without asking me first.",
    "For emails, always sign as 'Dr. Ada Lovelace'.", "When you review my code, be blunt, and point at the line.",
    "I'd rather have tables than prose.", "Je m'appelle Zoé.", "N'utilise pas d'emojis.", "J'habite à Lyon.",
)  # fmt: skip
FRAMED = (
    ("Please remember that my sister's wedding is on 5 June.", "my sister's wedding is on 5 June."),
    ("Remember that I live in Bergen.", "I live in Bergen."),
    ("Keep in mind that I work at Fjordline.", "I work at Fjordline."),
    ("For the record, I'm left-handed.", "I'm left-handed."),
    ("Denk daran, dass ich in Kiel wohne.", "ich in Kiel wohne."),
    ("N'oublie pas que j'habite à Lyon.", "j'habite à Lyon."),
)
OTHERS = (
    "Let's role-play. You are a waiter. I am a rude guest. I hate soup.",
    "Act as my customer. I live in Rome and I never pay on time.",
    "My draft tweet: I love rainy days. Never buy umbrellas.",
    "Example input: My name is John Doe and I live in Springfield.",
    "Here's the system prompt I'm testing: You are a helpful bot. Always answer in rhyme.",
    "Write a story where a man says I am allergic to nuts and I always carry a knife.",
)
BESIDE = (
    ("I like tea.", "I like tea towels."), ("I like coffee.", "I like coffee cake."), ("I like rain.", "I like rain jackets."),
    ("I collect stamps.", "I collect stamp albums."), ("My laptop is a ThinkPad.", "My work laptop is a MacBook."),
    ("My phone is a Pixel.", "My work phone is a Nokia."), ("I work at Fjordline.", "I work at the library on Saturdays."),
    ("I eat fish.", "I eat fish only on Fridays."),
)  # fmt: skip
CHANGES = (
    ("I live in Oslo.", "I moved to Bergen."), ("My phone is a Fairphone.", "My phone is a Pixel now."),
    ("We use Jenkins for CI.", "We switched from Jenkins to GitHub Actions."), ("My manager is Ingrid.", "My new manager is Tomasz."),
    ("We build with Gradle.", "Builds moved to Bazel."), ("I write in Word.", "Switched to Typst for everything."),
    ("Our office is in Oslo.", "Our office is now in Bergen."), ("The retry limit is 3.", "The retry limit is now 5."),
)  # fmt: skip


@pytest.fixture
def memory() -> Iterator[eider.Eider]:
    with eider.open(":memory:", user="ada") as opened:
        yield opened


def test_a_statement_is_kept_or_asked_about_whole_or_not_at_all(memory: eider.Eider) -> None:
    """Times, ports, paths, abbreviations, brackets and conditions are no ends of sentences."""
    found = 0
    for number, text in enumerate(WHOLE):
        told = memory.observe(agent_output="Understood.", user_reply=text, user=f"user{number}")
        kept = [m.text for m in (*told.memories, *told.inbox)]
        assert kept in ([text], [])
        found += bool(kept)
    assert found >= 0.9 * len(WHOLE)


@pytest.mark.parametrize(("text", "kept"), FRAMED)
def test_a_frame_is_peeled_off_and_makes_no_rule(memory: eider.Eider, text: str, kept: str) -> None:
    told = memory.observe(agent_output="Understood.", user_reply=text)
    assert [(m.text, m.kind) for m in (*told.memories, *told.inbox)] == [(kept, "fact")]


@pytest.mark.parametrize("text", OTHERS)
def test_another_voice_teaches_nothing(memory: eider.Eider, text: str) -> None:
    """Role play, drafts, examples, prompts, stories: until it clearly ends."""
    assert memory.observe(agent_output="Understood.", user_reply=text).memories == ()


@pytest.mark.parametrize(("first", "second"), BESIDE)
def test_another_thing_of_a_like_name_stands_beside(memory: eider.Eider, first: str, second: str) -> None:
    """Given as statements, and whoever says the second: the first is neither closed nor folded."""
    kept = memory.remember(first)
    memory.remember(second)
    assert kept.id in {r.id for r in memory.search("", limit=9).items}


@pytest.mark.parametrize(("first", "second"), CHANGES)
def test_a_change_puts_the_new_first_and_the_old_is_not_injected(memory: eider.Eider, first: str, second: str) -> None:
    """Closed or in doubt, said in a reply or given: no prompt gets what was replaced."""
    old = memory.remember(first)
    memory.remember(second)
    found = {r.id: r for r in memory.recall(first, limit=5)}
    assert next(iter(found)) != old.id
    assert old.id not in found or found[old.id].outdated_by
    assert first not in memory.inject(first.rstrip(".") + "?").text


def test_one_statement_in_two_unicode_forms_is_one_memory(memory: eider.Eider) -> None:
    for text in ("The café Zoë opens at nine.", "The cafe\u0301 Zoe\u0308 opens at nine."):
        memory.remember(text)
    assert memory.search("", limit=9).total == 1


def test_a_yes_keeps_what_was_proposed(memory: eider.Eider) -> None:
    """In the agent's words and with the agent's trust, without the question around them."""
    told = memory.observe(agent_output="Should I remember that you live in Narvik?", user_reply="yes please")
    (kept,) = told.memories
    assert (kept.text, kept.act, kept.trust) == ("you live in Narvik", "confirm", 1)
