"""A request for something to be done, politely put, is read as the matter it is about."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import eider
from eider.language.questions.requests import without_request, without_requests
from eider.model.clock import FixedClock

CHATS = Path(__file__).parents[1] / "data" / "own_chats.jsonl"
PREFIXES = (
    "Can you ", "Could you please ", "Would you ", "Will you kindly ", "Please ", "Would you mind ", "Help me ",
    "I need you to ", "Hey, can you help me ", "I was wondering if you could ", "Kannst du bitte ", "Könnten Sie mir ",
    "Bitte ", "Hilf mir, ", "Ich möchte, dass du ", "Peux-tu ", "Pourriez-vous s'il vous plaît ", "Est-ce que tu peux ",
    "S'il te plaît, ", "Aide-moi à ", "¿Puedes ", "¿Podrías por favor ", "Por favor, ", "Ayúdame a ", "Necesito que ",
    "你能", "请", "请你帮我", "你可以帮我", "帮我", "麻烦你", "Puoi ", "Potresti per favore ", "Per favore, ", "Aiutami a ",
    "Can you tell me: ", "Would you mind telling me ", "I'd like to know ", "Can you help me find out ", "Tell me ", "Show me ",
    "Sag mir bitte, ", "Wärst du so nett, mir zu sagen, ", "Ich möchte wissen, ", "Dis-moi ", "J'aimerais savoir ", "Pourrais-tu me rappeler ",
    "Dime ", "Me gustaría saber ", "¿Me podrías recordar ", "告诉我", "我想知道", "Dimmi ", "Vorrei sapere ", "Poderia me dizer ", "Gostaria de saber ",
    "Você pode ", "Pode me ", "Por favor, ", "Preciso que você ", "Me ajude a ",
)  # fmt: skip
MATTERS = (
    "list the repairs I brought up in order",
    "set up a plan for the dishwasher",
    "what did you recommend for the gasket",
    "what I told my landlord last month",
    "compare the two offers we got",
    "plan the trip with my sister",
)
ROWS = 200


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[eider.Eider]:
    """Some 200 utterances of users and agents on mixed matters."""
    turns = [
        {"text": turn["text"], "role": turn["role"], "session": session["id"], "at": f"{session['date']}T10:00:00Z"}
        for line in CHATS.read_text(encoding="utf-8").splitlines()
        for session in json.loads(line)["sessions"]
        for turn in session["turns"]
    ]
    clock = FixedClock("2026-05-20T12:00:00+00:00")
    with eider.open(tmp_path_factory.mktemp("chats") / "a.eider", clock=clock, user="kari") as memory:
        memory.record_many(turns[:ROWS])
        yield memory


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_polite_request_recalls_what_its_matter_recalls(memory: eider.Eider, prefix: str) -> None:
    """Asking politely changes at most one of the ten rows found."""
    for matter in MATTERS:
        plain = {one.id for one in memory.recall(matter, limit=10)}
        polite = {one.id for one in memory.recall(prefix + matter, limit=10)}
        assert len(plain & polite) >= len(plain) - 1, matter


@pytest.mark.parametrize(
    "text",
    [
        "Can you?",
        "please",
        "Would you mind",
        "帮我",
        "Por favor",
        "What can you do?",
        "The can you gave me is empty",
        "",
    ],
)
def test_what_is_no_request_or_nothing_else_stays(text: str) -> None:
    """A phrase without a matter is its own matter, and these words inside a sentence are ordinary."""
    assert without_request(text) == text


def test_a_request_after_other_sentences_is_taken_out() -> None:
    """A message often tells first and asks then."""
    assert without_requests("I moved my tests. Could you please fix my build?") == "I moved my tests. fix my build?"
