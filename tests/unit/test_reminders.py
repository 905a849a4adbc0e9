"""Standing reminders: learned as said, brought up on their occasion, and by nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eider
from eider.language.reminders import reminder

BILLING = "Remind me when we touch the billing code to run the ledger tests."
SPANISH = "Recuérdame avisar a Nadia cuando toquemos el código de facturación."
GERMAN = "Erinnere mich daran, die Lizenzen zu prüfen, wenn wir den Importer anfassen."
CHINESE = "下次我们改计费代码的时候，提醒我跑一遍账本测试。"
SAID = {
    BILLING: (("let's refactor the billing module", "fix the rounding in billing/invoice.py"),
              ("what is billing?", "how do billing cycles work in general?", "the login page is broken", "who wrote the ledger tests?")),
    "Next time we deploy, remind me to tell Nadia.": (("deploy the release to staging", "we're deploying tonight"),
              ("who is Nadia?", "tell Nadia I'm late", "what does deploy mean?")),
    "Whenever we edit the invoice template, remind me that the footer needs the VAT number.": (
              ("the invoice template needs a new logo",), ("send the invoice to Moe", "what's a VAT number?")),
    GERMAN: (("Im Importer stimmt das Datum nicht, bitte ändern", "Bau den Importer um"),
              ("Welche Lizenz hat das Projekt?", "Was ist ein Import?", "Der Login ist kaputt")),
    "La prochaine fois qu'on déploie, rappelle-moi de prévenir Nadia.": (("on déploie ce soir",), ("qui est Nadia ?", "corrige le titre")),
    SPANISH: (("arregla la facturación",), ("¿quién es Nadia?", "corrige el título")),
    CHINESE: (("修改计费模块的舍入",), ("谁是娜迪亚？", "写一首诗")),
}  # fmt: skip


@pytest.mark.parametrize("said", SAID)
def test_a_reminder_comes_up_on_its_occasion_and_never_else(said: str) -> None:
    """In five languages: whatever is done with the thing; not for its matter, its words in a question, or anything else."""
    with eider.open(":memory:", user="ada") as memory:
        kept = memory.remember(said)
        memory.remember("Lunch is at noon.")
        due, others = SAID[said]
        for prompt in due:
            given = memory.inject(prompt)
            assert kept.id in [one.id for one in given.recollections], prompt
            assert any("standing reminder" in note for note in given.recollections[0].why.notes)
        for prompt in others:
            assert kept.id not in [one.id for one in memory.inject(prompt).recollections], prompt


def test_a_reminder_is_learned_from_the_conversation_listed_and_removed() -> None:
    """`observe` keeps it as said; a conversation that was given it is not given it again; forgotten, it is quiet."""
    with eider.open(":memory:", user="ada") as memory:
        memory.observe(agent_output="Understood.", user_reply=BILLING, session="monday")
        (kept,) = memory.search(kinds=["rule"])
        assert reminder(kept.text) is not None
        prompt = "add a test to the billing code"
        assert [one.id for one in memory.inject(prompt, session="friday").recollections] == [kept.id]
        assert not memory.inject(prompt, session="friday", without=[kept.id]).recollections
        memory.forget(kept.id)
        assert not memory.inject(prompt, session="friday").recollections


@pytest.mark.parametrize(
    "prompt",
    [
        "summarise this mail:\n\nFrom: Moe\nSubject: billing\n\n> the billing code is slow, somebody should touch it",
        "why does this fail?\n```\nimport billing\nbilling.code()\n```",
    ],
)
def test_pasted_text_brings_no_reminder_up(prompt: str) -> None:
    """What somebody else wrote is not what is being worked on."""
    with eider.open(":memory:", user="ada") as memory:
        memory.remember(BILLING)
        assert not memory.inject(prompt).recollections


def test_only_the_user_is_reminded_of_what_the_user_asked_for() -> None:
    """What an agent or a document says is no reminder."""
    with eider.open(":memory:", user="ada") as memory, memory.channel("mcp", "agent") as agent:
        agent.remember(BILLING)
        notes = [note for one in memory.inject("refactor the billing code").recollections for note in one.why.notes]
        assert not any("standing reminder" in note for note in notes)


@pytest.mark.parametrize(
    "text",
    [
        "Remind me tomorrow to call Nadia.", "When we deploy, we tell Nadia.", "Remind the users when they log in to change it.",
        "Remind me what we decided when we moved to Bergen.",
        "Can you remind me why we chose Postgres when we started?",
        "Erinnere mich morgen an den Termin.", "Rappelle-moi demain d'appeler.", "Recuérdame llamar mañana.", "明天提醒我打电话。",
    ],
)  # fmt: skip
def test_what_needs_a_clock_or_is_no_wish_is_no_reminder(text: str) -> None:
    """Only an occasion in words is one."""
    assert reminder(text) is None


@pytest.mark.parametrize(
    ("text", "occasion", "matter"),
    [
        ("Can you remind me to check the logs when we deploy?", "we deploy", "check the logs"),
        ("I'd like you to remind me about the VAT when we edit invoices.", "we edit invoices", "the VAT"),
        ("When we deploy next time please remind me to tell Nadia", "we deploy next time", "tell Nadia"),
        ("Remind me when we deploy to production to tell Nadia.", "we deploy to production", "tell Nadia"),
        (BILLING, "we touch the billing code", "run the ledger tests"),
        (GERMAN, "wir den Importer anfassen", "die Lizenzen zu prüfen"),
        (SPANISH, "toquemos el código de facturación", "avisar a Nadia"),
        (CHINESE, "我们改计费代码", "跑一遍账本测试"),
    ],
)
def test_a_wish_to_be_reminded_is_read_into_occasion_and_matter(text: str, occasion: str, matter: str) -> None:
    """In either order, politely or not."""
    found = reminder(text)
    assert found is not None
    assert (found.occasion, found.matter) == (occasion, matter)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from([*" ,.;:\n", "remind me", "when", "to", "next time", "wenn", "提醒我", "时候", "x"]),
        max_size=60,
    ).map(" ".join)
)
def test_any_text_is_read(text: str) -> None:
    """Whatever is said, reading it neither fails nor makes parts up."""
    found = reminder(text)
    if found is not None:
        assert found.occasion in text
        assert found.matter in text
