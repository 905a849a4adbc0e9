"""The gate: a prompt about someone's own world and a line that helps with it, or silence with the reason."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from eider.guide.gate.gate import LOOKED_AT, MOST, READ, Verdict, admit, passing
from eider.guide.gate.prompt_reading import Line, Told, holds_answer, names_in, read, tokens
from eider.guide.gate.signals import NAMES, OF_LINE, WordBook, signals
from eider.guide.gate.weights import GateWeights, shipped
from eider.model.protocols import Embedder
from eider.providers.embedders import default_embedder
from eider.providers.embedders.hashing import HashEmbedder


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return default_embedder()


@pytest.fixture(scope="module")
def book(embedder: Embedder) -> WordBook:
    return WordBook(lambda words: embedder.embed(words, "query"))


LEDGER = "The ledger service retries a failed request three times."
TOLLGATE = "Tollgate listens on port 7443."
FIVE = [
    Line(text=LEDGER, kind="fact", scope="project:ledger"),
    Line(text=TOLLGATE, kind="fact", scope="project:tollgate"),
    Line(text="Ada writes commit messages in the imperative.", kind="preference"),
    Line(text="Nothing is deployed on a Friday.", kind="rule"),
    Line(text="Ada's dentist is Dr. Okafor in Elm Street.", kind="fact"),
]


def both(prompt: str, embedder: Embedder, book: WordBook, lines: list[Line] | None = None) -> tuple[Verdict, list[str]]:
    """The gate behind a ranker that goes by likeness alone: its verdict, and the texts that pass."""
    asked = embedder.embed([prompt], "query")[0]
    near = [Line(text=x.text, kind=x.kind, scope=x.scope, cosine=float(embedder.embed([x.text], "document")[0] @ asked))
            for x in lines or FIVE]  # fmt: skip
    found = sorted(near, key=lambda line: -line.cosine)
    verdict = admit(found, prompt, book)
    return verdict, [found[i].text for i in verdict.chosen]


def judge(prompt: str, embedder: Embedder, book: WordBook) -> Verdict:
    return both(prompt, embedder, book)[0]


@pytest.mark.parametrize(
    ("prompt", "line"),
    [
        ("How often does our ledger service retry a failed request?", LEDGER),
        ("which port does Tollgate listen on?", TOLLGATE),
        ("who is my dentist?", FIVE[4].text),
        ("Write the commit message for this change", FIVE[2].text),
        ("can we deploy on Friday?", FIVE[3].text),
    ],
)
def test_a_store_of_five_memories_answers_what_it_holds(
    prompt: str, line: str, embedder: Embedder, book: WordBook
) -> None:
    """No statistic over many rows is needed: the first five memories work like the first five thousand."""
    verdict, texts = both(prompt, embedder, book)
    assert texts[:1] == [line]
    assert verdict.why.startswith(f"{len(verdict.chosen)} line(s) likely to help")


@pytest.mark.parametrize(
    "prompt",
    [
        "thanks, great!", "ok perfect", "good night", "danke, passt so", "merci beaucoup", "vale, gracias", "谢谢，好的", "haha 👍", "?!", "ok",
    ],
)  # fmt: skip
def test_small_talk_is_met_with_silence(prompt: str, embedder: Embedder, book: WordBook) -> None:
    """Thanks ask for nothing, in five languages."""
    assert not judge(prompt, embedder, book).chosen


@pytest.mark.parametrize("prompt", ["run the tests again", "undo that", "shorter please", "cut it down to 200 words"])
def test_a_command_about_what_is_at_hand_is_met_with_silence(prompt: str, embedder: Embedder, book: WordBook) -> None:
    """What lies on the screen is not in the store."""
    assert judge(prompt, embedder, book).why == "silent: a command about what is at hand"


@pytest.mark.parametrize(
    "prompt",
    [
        "what is a ledger?", "how do ports work in general?", "who invented the dentist's drill?", "what is the capital of France?",
        "what is the difference between a request and a retry?", "history of commit messages", "was ist ein Port?",
        "¿qué es un puerto?", "qu'est-ce qu'un port ?", "端口是什么意思?",
    ],
)  # fmt: skip
def test_a_general_question_is_met_with_silence_though_it_shares_words(
    prompt: str, embedder: Embedder, book: WordBook
) -> None:
    """The words of a stored topic do not make it this user's affair."""
    verdict = judge(prompt, embedder, book)
    assert not verdict.chosen
    assert verdict.why.startswith("silent: ")


def test_a_general_question_is_named_as_one(embedder: Embedder, book: WordBook) -> None:
    """The reason is a sentence for people."""
    assert "a general question" in judge("how do ports work in general?", embedder, book).why


def test_another_projects_name_is_a_veto(embedder: Embedder, book: WordBook) -> None:
    """What is asked of Cormorant is not answered from Tollgate, and the reason names it."""
    verdict = judge("which port does Cormorant listen on?", embedder, book)
    assert not verdict.chosen
    assert "names 'cormorant', which the lines here do not" in verdict.why


def test_the_sibling_named_in_the_prompt_comes_in_and_the_other_does_not(embedder: Embedder, book: WordBook) -> None:
    """Two projects hold the same attribute: the one that is named answers."""
    ports = [Line(text=TOLLGATE, kind="fact"), Line(text="Cormorant listens on port 8080.", kind="fact")]
    _, texts = both("which port does our Cormorant listen on?", embedder, book, ports + FIVE[2:])
    assert texts == ["Cormorant listens on port 8080."]


def test_a_scope_label_is_a_name_too(embedder: Embedder, book: WordBook) -> None:
    """A memory of project:ledger is about the ledger though it never says so."""
    line = Line(text="Failed requests are retried three times.", kind="fact", scope="project:github.com/ada/ledger")
    x, reading = signals("how often do we retry in ledger?", [line], book)
    assert "ledger" in reading.names
    assert x[0, NAMES.index("name_miss")] == 0
    assert "github" not in names_in([Told.of(line)])


def test_nothing_remembered_is_said_so(book: WordBook) -> None:
    """An empty store is silent and says why."""
    assert admit([], "what is my address?", book) == Verdict(
        chosen=(), odds=(), why="silent: nothing is remembered that may be shown here"
    )


def test_a_quoted_line_passes(embedder: Embedder, book: WordBook) -> None:
    """Whoever quotes a memory means that memory."""
    plain, quoted = (
        admit([Line(text=LEDGER, kind="fact", cosine=0.9, exact=exact)], LEDGER, book).odds[0]
        for exact in (False, True)
    )
    assert quoted > plain
    assert quoted >= shipped().speak


def test_at_most_five_lines_pass(embedder: Embedder, book: WordBook) -> None:
    """However many would help."""
    same = [Line(text=f"Our release checklist, step {n}: tag and sign.", kind="rule", cosine=0.6) for n in range(9)]
    assert len(admit(same, "write our release checklist for today", book).chosen) <= MOST
    assert len(passing(np.ones(9), np.ones(9), 0.5)) == MOST


def test_a_line_alone_is_never_let_in_by_the_weaker_measure() -> None:
    """Silence is broken only by a line that is good enough by itself; then a weaker one may follow."""
    sure = np.array([0.9, 0.9, 0.1])
    assert passing(np.array([0.45, 0.4, 0.1]), sure, 0.5) == ()
    assert passing(np.array([0.4, 0.6, 0.3]), sure, 0.5) == (1, 0)
    assert passing(np.zeros(0), np.zeros(0), 0.5) == ()


def test_the_same_prompt_gets_the_same_verdict(embedder: Embedder) -> None:
    """Whatever was asked before."""
    fresh, used = (WordBook(lambda words: embedder.embed(words, "query")) for _ in range(2))
    for other in ("what is the weather", "plan my week", "谁在用七号端口?"):
        judge(other, embedder, used)
    for prompt in ("which port does Tollgate listen on?", "can we deploy on Friday?"):
        assert judge(prompt, embedder, fresh) == judge(prompt, embedder, used)


def test_a_full_word_book_starts_over(embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays bounded, answers stay the same."""
    monkeypatch.setattr(WordBook, "LIMIT", 40)
    small, large = (WordBook(lambda words: embedder.embed(words, "query")) for _ in range(2))
    for prompt in ("can we deploy on Friday?", "who is my dentist?", "which port does Tollgate listen on?"):
        monkeypatch.setattr(WordBook, "LIMIT", 40)
        first = judge(prompt, embedder, small)
        monkeypatch.setattr(WordBook, "LIMIT", 16_384)
        assert first.odds == pytest.approx(judge(prompt, embedder, large).odds)


def test_a_pasted_file_costs_no_more_than_its_ends(embedder: Embedder, book: WordBook) -> None:
    """Only the beginning and the end of a long prompt are judged."""
    question = "which port does our Tollgate listen on?"
    middles = [" 0" * READ, " 1" * READ]
    first, second = (judge(f"{question}{middle}", embedder, book).odds for middle in middles)
    assert len(first) == len(second) == len(FIVE)


def test_only_the_first_candidates_are_looked_at(book: WordBook) -> None:
    """The ranker has put what matters in front."""
    assert len(admit([Line(text=LEDGER)] * 30, "how often do we retry?", book).odds) == LOOKED_AT


def test_hashed_letters_will_do(tmp_path: Path) -> None:
    """Without word vectors the gate still tells the exact answer from small talk."""
    hashed = HashEmbedder()
    book = WordBook(lambda words: hashed.embed(words, "query"))
    assert judge("which port does our Tollgate listen on?", hashed, book).chosen
    assert not judge("thanks a lot!", hashed, book).chosen


@pytest.mark.parametrize(
    ("prompt", "sign"),
    [
        ("what do we charge?", "we"), ("wie lange liefert unser Bäcker?", "we"), ("¿cuándo publicamos el juego?", "we"),
        ("quel modèle utilise-t-on ?", "we"), ("我们用什么数据库?", "we"), ("what did you recommend?", "we"),
        ("was hast du mir geraten?", "we"), ("where is my bike?", "my"), ("où est mon vélo ?", "my"), ("I need a quote", "i"),
        ("ich brauche ein Angebot", "i"), ("what happens tomorrow?", "near"), ("le cours de demain", "near"),
        ("format this table", "this"), ("may I park there?", "may"), ("darf ich hier parken?", "may"),
        ("how old is the boat?", "definite"), ("wann beginnt die Probe?", "article"), ("typical rent in Chile", "general"),
        ("什么是端口", "general"), ("what is a port?", "indefinite"), ("when did it break?", "past"),
    ],
)  # fmt: skip
def test_signs_are_read_in_five_languages(prompt: str, sign: str) -> None:
    """What points at the asker's own affairs, or away from them."""
    assert read(prompt, []).traits[sign] > 0


@pytest.mark.parametrize(
    ("prompt", "sign"),
    [
        ("how do I remove rust?", "i"), ("give me a synonym", "i"), ("can you convert a list?", "may"),
        ("was kostet das?", "past"), ("where can people try it?", "may"), ("primos gemelos", "we"),
    ],
)  # fmt: skip
def test_signs_that_anybody_uses_do_not_count(prompt: str, sign: str) -> None:
    """Everyone asks "how do I", of anything."""
    assert read(prompt, []).traits[sign] == 0


@pytest.mark.parametrize(
    ("prompt", "answers", "misses"),
    [
        ("when do we ship?", "The release is on 4 May.", "Releases need a sign-off."),
        ("how many seats are there?", "The hall has forty seats.", "The hall has velvet seats."),
        ("what does the room cost?", "The room is 62 euros a night.", "The room has a view."),
        ("what time is training?", "Training starts at half past five.", "Training is in the gym."),
        ("how often is it serviced?", "It is serviced every quarter.", "It is serviced by Bruno."),
        ("how old is Tuva?", "Tuva was born on 19 October 2018.", "Tuva needs glasses."),
        ("how deep is the pond?", "The pond goes down to two metres.", "The pond holds carp."),
        ("who drives the van?", "The van is driven by Renate.", "The van is at the garage since March."),
        ("which bank do we use?", "The account is with Corvid Mutual.", "The account is shared by two people."),
        ("wie lange dauert der Kurs?", "Der Kurs dauert sechs Wochen.", "Der Kurs ist ausgebucht."),
        ("what colour is the door?", "The door is painted teal.", "The door sticks in winter."),
        ("at what temperature do we bake?", "The loaf bakes at 230 degrees.", "The loaf bakes in the old oven."),
        ("多少钱一年?", "会员每年三百元。", "会员可以带朋友。"),
    ],
)
def test_a_line_without_the_kind_of_answer_asked_for_is_told(prompt: str, answers: str, misses: str) -> None:
    """A question for a date is not answered by a line without one."""
    reading = read(prompt, [])
    assert holds_answer(reading, Told.of(Line(text=answers))) is True
    assert holds_answer(reading, Told.of(Line(text=misses))) is False


def test_what_is_missing_is_said(embedder: Embedder, book: WordBook) -> None:
    """The reason names the kind of answer that the best line lacks."""
    line = Line(text="The greenhouse has a broken pane on the south side.", kind="fact")
    verdict, _ = both("how old is the greenhouse?", embedder, book, [line, *FIVE])
    assert "asks for an age; the best line has none" in verdict.why


def test_who_somebody_is_is_answered_by_what_is_said_of_them(embedder: Embedder, book: WordBook) -> None:
    """The name is all that is asked with; whoever has it in a line is spoken of there, and nobody else is shown."""
    liv = Line(text="The user's daughter Liv starts school in August.", kind="fact")
    for prompt in ("Who is Liv?", "who's Liv", "Wer ist Liv?", "Qui est Liv ?", "¿Quién es Liv?"):
        assert both(prompt, embedder, book, [*FIVE, liv])[1] == [liv.text], prompt
    assert both("Who is Victor Hugo?", embedder, book, [*FIVE, liv])[1] == []


def test_prompts_of_an_encyclopedia_or_a_poet_are_met_with_silence(embedder: Embedder, book: WordBook) -> None:
    """Also in the forms of a search, and where a word of the store is in them; nineteen of twenty at least."""
    asked = ["types of dentist drills", "port wine and its history", "poem about a Friday in spring", "ledger paper template",
             "how do tollgates work", "imperative mood in Spanish", "recipe for elm bark tea", "famous fridays in history",
             "what is a commit in a relationship", "Geschichte der Zahnmedizin", "recette du porto flip", "historia del peaje",
             "牙医是什么职业", "why do requests fail in HTTP", "jokes about dentists", "how to become a dentist",
             "largest ports in Europe", "deployed soldiers in fiction", "three facts about elms", "synonyms for retry"]  # fmt: skip
    assert sum(not both(prompt, embedder, book)[1] for prompt in asked) >= 19


def test_words_are_cut_at_apostrophes_hyphens_and_han() -> None:
    """So that pronouns in "dois-je" and "j'ai" are seen."""
    assert tokens("dois-je, j’ai 两次") == ["dois", "je", "j", "ai", "两", "次"]


def test_hostile_prompts_are_read_quickly_and_quietly(embedder: Embedder, book: WordBook) -> None:
    """No prompt makes the gate fail."""
    for prompt in (
        "how much " * 5_000,
        "\x00",
        "\ud800",
        "'" * 3_000,
        "的" * 3_000,
        "😀" * 500,
        "a" * 10_000,
        "- - -",
        "12 34",
    ):
        assert isinstance(judge(prompt, embedder, book), Verdict)


def test_weights_say_where_they_come_from_and_are_refused_by_other_code() -> None:
    """The file holds one weight for each signal, states its sources, and never fits signals it was not made for."""
    weights = shipped()
    assert weights.line.shape == weights.highest.shape == weights.mean.shape == (len(NAMES),)
    assert "own_stores" in weights.about
    assert GateWeights.from_bytes(weights.to_bytes()).to_bytes() == weights.to_bytes()
    away = {"name_miss", "type_miss", "unit_miss", "gap"}
    by_name = dict(zip(NAMES, weights.line.tolist(), strict=True))
    assert all((by_name[name] < 0) == (name in away) for name in set(OF_LINE) - {"exact"})


def _own() -> list[dict[str, object]]:
    path = Path(__file__).parents[1] / "data/own_memories.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _shared() -> list[dict[str, object]]:
    folder = Path(os.environ.get("EIDER_SHARED", Path(__file__).parents[3] / "shared"))
    path = folder / "bench/isolated/memories_dev.jsonl"
    if not path.exists():
        pytest.skip(f"no measurement data at {folder}; set EIDER_SHARED to run this")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _shares(stores: list[dict[str, object]], embedder: Embedder, book: WordBook) -> tuple[float, float]:
    """Silence on empty prompts and wanted ones served, behind a ranker of likeness alone."""
    silent: list[bool] = []
    served: list[bool] = []
    for store in stores:
        open_ = [m for m in store["memories"] if m["valid_to"] is None]  # type: ignore[attr-defined,union-attr]
        for query in store["queries"]:  # type: ignore[attr-defined,union-attr]
            seen = [m for m in open_ if query["scopes"] is None or m["scope"] in query["scopes"]]
            if query["as_of"] or not seen:
                continue
            lines = [Line(text=m["text"], kind=m["kind"], scope=m["scope"]) for m in seen]
            _, texts = both(query["text"], embedder, book, lines)
            wanted = {m["text"] for m in seen if m["id"] in query["relevant"]}
            if query["relevant"]:
                served.append(bool(wanted & set(texts)))
            else:
                silent.append(not texts)
    return float(np.mean(silent)), float(np.mean(served))


def test_on_own_stores_it_is_silent_when_nothing_helps_and_speaks_often_enough(
    embedder: Embedder, book: WordBook
) -> None:
    """A floor under the published curve, on every third store."""
    silent, served = _shares(_own()[::3], embedder, book)
    assert silent >= 0.85
    assert served >= 0.3


def test_on_isolated_stores_it_is_silent_when_nothing_helps_and_speaks_often_enough(
    embedder: Embedder, book: WordBook
) -> None:
    """The same on the adversarial set."""
    silent, served = _shares(_shared()[::3], embedder, book)
    assert silent >= 0.85
    assert served >= 0.25
