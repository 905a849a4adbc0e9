"""What a clause comes to as a memory: one sentence in the third person, with its evidence."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from eider.model.learned import MAX_DRAFT, Draft, Signal, SignalKind
from eider.model.values import Episode
from eider.understand.drafts import derive, is_known
from eider.understand.statements import read

GOLDEN: list[tuple[SignalKind, str, str, str]] = [
    (
        "preference",
        "I prefer plain functions over classes for this kind of thing",
        "Prefers plain functions over classes for this kind of thing.",
        "preference",
    ),
    (
        "directive",
        "Please never push straight to main. Open a PR and let CI run.",
        "Never push straight to main; open a PR and let CI run.",
        "rule",
    ),
    (
        "correction",
        "No, our production cluster lives in eu-west-1. It has since March.",
        "The production cluster lives in eu-west-1; it has since March.",
        "fact",
    ),
    ("fact", "We use pytest everywhere in this repo.", "The team uses pytest everywhere in this repo.", "fact"),
    ("fact", "my manager is Petra", "The user's manager is Petra.", "fact"),
    ("fact", "I'm allergic to penicillin.", "Is allergic to penicillin.", "fact"),
    (
        "directive",
        "please use ISO dates in everything you write for us",
        "Use ISO dates in everything written for the team.",
        "rule",
    ),
    ("preference", "I'd rather have short answers", "Prefers short answers.", "preference"),
    ("preference", "I don't like emojis in commit messages", "Does not like emojis in commit messages.", "preference"),
    ("fact", "I live in Ghent and work at Corvid Systems.", "Lives in Ghent and works at Corvid Systems.", "fact"),
    (
        "decision",
        "Let's go with Postgres because we need row-level security.",
        "The decision is to go with Postgres because the team needs row-level security.",
        "decision",
    ),
    (
        "decision",
        "We decided to drop the GraphQL layer since nobody used it.",
        "The decision is to drop the GraphQL layer since nobody used it.",
        "decision",
    ),
    (
        "decision",
        "we'll use Zustand for state, Redux is overkill for us",
        "The decision is to use Zustand for state, Redux is overkill for the team.",
        "decision",
    ),
    ("correction", "No, use paragraphs instead of bullets", "Use paragraphs instead of bullets.", "rule"),
    ("directive", "don't cc my manager on these", "Do not cc the user's manager on these.", "rule"),
    ("directive", "I want you to keep your answers under ten lines", "Keep answers under ten lines.", "rule"),
    ("directive", "Could you always show me the diff first?", "Always show the user the diff first.", "rule"),
    ("fact", "I'm a nurse at St Brannoc hospital", "Is a nurse at St Brannoc hospital.", "fact"),
    ("fact", "Call me Teddy", "Goes by Teddy.", "fact"),
    ("fact", "we no longer support Node 16", "The team no longer supports Node 16.", "fact"),
    ("fact", "I stopped smoking in March", "Stopped smoking in March.", "fact"),
    ("fact", "for project alpha we deploy on Tuesdays", "For project alpha the team deploys on Tuesdays.", "fact"),
    ("fact", "The feature freeze is in effect until Friday", "The feature freeze is in effect until Friday.", "fact"),
    ("fact", "Since March we've been on Kubernetes 1.31", "Since March the team has been on Kubernetes 1.31.", "fact"),
    (
        "preference",
        "When I'm on call I want terse replies",
        "When the user is on call the user wants terse replies.",
        "preference",
    ),
    ("directive", "never log passwords or tokens", "Never log passwords or tokens.", "rule"),
    (
        "preference",
        "Bullets are hard to skim on my phone; short paragraphs work much better for me.",
        "Bullets are hard to skim on the user's phone; short paragraphs work much better for the user.",
        "preference",
    ),
    ("fact", "My sister's name is Lene", "The user's sister's name is Lene.", "fact"),
    ("fact", "we've switched from Jenkins to Buildkite", "The team has switched from Jenkins to Buildkite.", "fact"),
    ("directive", "From now on, answer in German.", "Answer in German.", "rule"),
    ("directive", "make sure you run the linter before committing", "Run the linter before committing.", "rule"),
    (
        "directive",
        "you should always explain why before you change something",
        "Always explain why before changing something.",
        "rule",
    ),
    ("fact", "btw I usually review PRs in the evening", "Usually reviews PRs in the evening.", "fact"),
    ("fact", "our wiki is at https://wiki.heron.test/home", "The wiki is at https://wiki.heron.test/home.", "fact"),
    ("preference", "ich mag kurze Antworten", "Ich mag kurze Antworten.", "preference"),
    ("directive", "Bitte immer metrische Einheiten verwenden.", "Immer metrische Einheiten verwenden.", "rule"),
    ("fact", "Je travaille chez Corvid.", "Je travaille chez Corvid.", "fact"),
    ("fact", "我住在杭州", "我住在杭州。", "fact"),
    ("preference", "Prefiero respuestas cortas", "Prefiero respuestas cortas.", "preference"),
    ("fact", "I was born in Leeds.", "Was born in Leeds.", "fact"),
    ("fact", "I think we use uv for packaging", "The team uses uv for packaging.", "fact"),
    ("preference", "I hate when you apologise", "Hates when the agent apologises.", "preference"),
    ("fact", "I have two kids, Lene and Arvid", "Has two kids, Lene and Arvid.", "fact"),
    ("directive", "Never commit secrets to the repository!", "Never commit secrets to the repository.", "rule"),
    ("directive", "Don't apologise so much", "Do not apologise so much.", "rule"),
    ("directive", "always run `make check` before you push", "Always run `make check` before pushing.", "rule"),
    ("directive", "You must not touch the migrations folder", "Do not touch the migrations folder.", "rule"),
    ("preference", "I like my coffee black", "Likes their coffee black.", "preference"),
    ("preference", "I'm not a fan of long preambles", "Is not a fan of long preambles.", "preference"),
    (
        "preference",
        "I usually work late, so I'd prefer evening slots",
        "Usually works late, so the user prefers evening slots.",
        "preference",
    ),
    ("preference", "we prefer small pull requests", "The team prefers small pull requests.", "preference"),
    ("preference", "I can't stand exclamation marks", "Cannot stand exclamation marks.", "preference"),
    ("preference", "I really love concise commit messages", "Really loves concise commit messages.", "preference"),
    ("fact", "our CI runs on Buildkite", "The CI runs on Buildkite.", "fact"),
    (
        "fact",
        "We've got two environments: staging and production",
        "The team has got two environments: staging and production.",
        "fact",
    ),
    ("fact", "I don't eat meat", "Does not eat meat.", "fact"),
    ("fact", "I'm based in Lisbon", "Is based in Lisbon.", "fact"),
    ("fact", "My timezone is Asia/Tokyo", "The user's timezone is Asia/Tokyo.", "fact"),
    ("fact", "our release manager is Dalia", "The release manager is Dalia.", "fact"),
    ("fact", "The customer's contract ends on 30 June 2027", "The customer's contract ends on 30 June 2027.", "fact"),
    ("fact", "I was promoted to staff engineer", "Was promoted to staff engineer.", "fact"),
    ("fact", "I used to work at Nimbus Foods", "Used to work at Nimbus Foods.", "fact"),
    ("fact", "we don't use Slack any more", "The team does not use Slack any more.", "fact"),
    (
        "fact",
        "My colleague Bruno owns the billing service",
        "The user's colleague Bruno owns the billing service.",
        "fact",
    ),
    ("fact", "I own a cat and a dog", "Owns a cat and a dog.", "fact"),
    ("fact", "I have been vegetarian since 2019", "Has been vegetarian since 2019.", "fact"),
    (
        "decision",
        "We've agreed to freeze the schema until 1 June because of the audit",
        "The decision is to freeze the schema until 1 June because of the audit.",
        "decision",
    ),
    ("decision", "I decided to drop the course", "The decision is to drop the course.", "decision"),
    (
        "decision",
        "We are going with Terraform since everybody knows it",
        "The decision is to go with Terraform since everybody knows it.",
        "decision",
    ),
    ("decision", "Going with option B", "The decision is to go with option B.", "decision"),
    ("correction", "Actually, the port is 9191, not 8080", "The port is 9191, not 8080.", "fact"),
    ("correction", "That's wrong, I work in Basel", "Works in Basel.", "fact"),
    ("correction", "no no, the meeting is on Thursday", "The meeting is on Thursday.", "fact"),
    ("correction", "You forgot again: always add a changelog entry", "Always add a changelog entry.", "rule"),
    ("correction", "not quite: our fiscal year starts in April", "The fiscal year starts in April.", "fact"),
    ("praise", "I love how you structured this", "Loves how the agent structured this.", "preference"),
    ("directive", "In diesem Repo bitte keine Kommentare", "In diesem Repo bitte keine Kommentare.", "rule"),
    ("fact", "Wir deployen immer dienstags.", "Wir deployen immer dienstags.", "fact"),
    ("fact", "Nous utilisons pnpm.", "Nous utilisons pnpm.", "fact"),
    ("fact", "Mi jefe se llama Bruno", "Mi jefe se llama Bruno.", "fact"),
    ("directive", "以后都用中文回答", "以后都用中文回答。", "rule"),
    ("decision", "我们决定用 Postgres，因为需要行级安全", "我们决定用 Postgres，因为需要行级安全。", "decision"),
    ("fact", "by the way my birthday is 4 May", "The user's birthday is 4 May.", "fact"),
    (
        "directive",
        "if a test is flaky, quarantine it and tell me",
        "If a test is flaky, quarantine it and tell the user.",
        "rule",
    ),
    ("directive", "when you review my code, be blunt", "When reviewing the user's code, be blunt.", "rule"),
    ("directive", "remember that we write dates as YYYY-MM-DD", "The team writes dates as YYYY-MM-DD.", "rule"),
    ("directive", "I need you to cite sources for every claim", "Cite sources for every claim.", "rule"),
    ("directive", "I want tests for every bug fix", "Wants tests for every bug fix.", "preference"),
    (
        "directive",
        "For project heron, write the docs in American English",
        "For project heron, write the docs in American English.",
        "rule",
    ),
    ("directive", "please stop using emojis", "Stop using emojis.", "rule"),
    ("fact", "I think our budget might be 20k", "The budget might be 20k.", "fact"),
]


def said(text: str, *, at: str = "2026-05-13T10:00:00+00:00", tz: str = "Europe/Berlin") -> Episode:
    moment = datetime.fromisoformat(at)
    return Episode(id="e1", text=text, user="ada", speaker="ada", role="user", session="s", seq=1, at=moment, tz=tz, recorded_at=moment, origin="user")  # fmt: skip


def signal(kind: SignalKind, text: str, clause: str | None = None, **more: object) -> Signal:
    start = text.index(clause or text)
    return Signal(kind=kind, start=start, end=start + len(clause or text), confidence=0.9, reason="test", **more)  # type: ignore[arg-type]


def drafted(kind: SignalKind, text: str, **more: object) -> Draft:
    (draft,) = derive([signal(kind, text)], said(text), **more)  # type: ignore[arg-type]
    return draft


@pytest.mark.parametrize(("kind", "clause", "text", "kept_as"), GOLDEN, ids=[row[1][:40] for row in GOLDEN])
def test_a_clause_becomes_one_sentence_in_the_third_person(
    kind: SignalKind, clause: str, text: str, kept_as: str
) -> None:
    """Golden sentences: what is kept is never the raw reply."""
    draft = drafted(kind, clause)
    assert (draft.text, draft.kind) == (text, kept_as)


@pytest.mark.parametrize(("kind", "clause", "text", "kept_as"), GOLDEN, ids=[row[1][:40] for row in GOLDEN])
def test_a_draft_is_short_and_quotes_its_evidence(kind: SignalKind, clause: str, text: str, kept_as: str) -> None:
    """At most `MAX_DRAFT` characters, an importance from 1 to 5, and a span that lies in the episode."""
    whole = f"Right.  {clause}  Anyway."
    (draft,) = derive([signal(kind, whole, clause)], said(whole))
    (span,) = draft.evidence
    assert whole[span.start : span.end] == clause.strip()
    assert len(draft.text) <= MAX_DRAFT
    assert 1 <= draft.importance <= 5
    assert draft.subject


@pytest.mark.parametrize(("start", "end"), [(0, 999), (5, 5), (-1, 4), (7, 3), (4, 5)])
def test_a_draft_without_evidence_is_refused(start: int, end: int) -> None:
    """A span that is empty, blank or outside the episode gives no draft."""
    assert (
        derive([Signal(kind="fact", start=start, end=end, confidence=1.0, reason="test")], said("I am a nurse")) == ()
    )


def test_a_value_put_right_takes_its_sentence_from_what_the_agent_said() -> None:
    """An answer such as "it's Karlos, not Carlos" is a fact about the reviewer, not about "it"."""
    text = "it's Karlos, not Carlos"
    (draft,) = derive([signal("correction", text, about="Done. Your reviewer is Carlos.")], said(text))
    assert (draft.text, draft.kind) == ("The user's reviewer is Karlos.", "fact")


def test_a_long_clause_is_cut_at_a_word() -> None:
    """A sentence never exceeds what is kept, and no word is cut in two."""
    clause = "I prefer " + ", ".join(f"reasonably long phrase number {n}" for n in range(40))
    text = drafted("preference", clause).text
    assert len(text) <= MAX_DRAFT
    assert text.rstrip(".").split()[-1] in clause.replace(",", "").split()


@pytest.mark.parametrize(
    ("clause", "since", "how", "until"),
    [
        ("We have used Kubernetes since March", "2026-02-28T23:00", "month", None),
        ("The feature freeze is in effect until Friday", None, "instant", "2026-05-15T22:00"),
        ("From 2027 the office will be in Leeds", "2026-12-31T23:00", "year", None),
        ("Ab 2027 sitzen wir in Leipzig", "2026-12-31T23:00", "year", None),
        ("Nous sommes sur GitLab depuis mars", "2026-02-28T23:00", "month", None),
        ("In 2019 I lived in Turin", "2018-12-31T23:00", "year", "2019-12-31T23:00"),
        ("I live in Ghent", None, "instant", None),
    ],
)
def test_dates_bound_what_is_kept(clause: str, since: str | None, how: str, until: str | None) -> None:
    """From when and until when, in the speaker's zone, with the precision that was named."""
    draft = drafted("fact", clause)
    found = [
        None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")
        for at in (draft.valid_from, draft.valid_to)
    ]
    assert found == [since, until]
    assert draft.from_precision == how


def test_a_project_that_is_named_is_the_scope() -> None:
    """A scope in the clause wins over the one given; "this repo" is the one given."""
    assert drafted("fact", "for project alpha we deploy on Tuesdays", scope="project:beta").scope == "project:alpha"
    assert drafted("fact", "we use pytest in this repo", scope="project:beta").scope == "project:beta"
    assert drafted("fact", "we use pytest").scope == "global"


def test_what_is_at_stake_decides_the_importance() -> None:
    """Secrets and health weigh most, "always" more than a wish, a nitpick least."""
    clauses = ["never log passwords", "I'm allergic to penicillin", "always use tabs", "use tabs", "ideally use tabs"]
    assert [drafted("directive", clause).importance for clause in clauses] == [5, 5, 4, 3, 2]


def test_names_identifiers_and_versions_are_entities() -> None:
    """As written, each once; the first word of a sentence only if it cannot be another word."""
    text = "We run Python 3.13 on Karlos's box, and fetch_rates lives in /srv/rates/app.py"
    assert drafted("fact", text).entities == ("Python 3.13", "Karlos", "fetch_rates", "/srv/rates/app.py")


@pytest.mark.parametrize(
    ("clause", "subject", "attribute"),
    [
        ("my manager is Petra", "user", "manager"), ("I live in Ghent", "user", "home"), ("I work for Corvid", "user", "employer"),
        ("Call me Teddy", "user", "name"), ("my sister's birthday is 4 May", "user's sister", "birthday"),
        ("we deploy on Tuesdays", "team", "deploy"), ("use tabs", "agent", "indentation"), ("our staging API listens on port 8080", "staging api", "listen"),
    ],
)  # fmt: skip
def test_subject_and_attribute_are_normalised(clause: str, subject: str, attribute: str) -> None:
    """Two wordings of one attribute meet."""
    draft = drafted("fact", clause)
    assert (draft.subject, draft.attribute) == (subject, attribute)


def test_what_ends_something_says_so() -> None:
    """A retraction is marked; one that names a successor is none."""
    assert drafted("fact", "I stopped smoking").retracts
    assert not drafted("fact", "we no longer use Jenkins, we use Buildkite now").retracts
    assert not drafted("fact", "we use Buildkite now").retracts


def test_praise_leaves_its_target_open() -> None:
    """What is praised is found by the pipeline, not by a rule."""
    assert drafted("praise", "I love how short this is").target is None


def test_doubt_lowers_the_confidence() -> None:
    """A guess is kept as one."""
    assert drafted("fact", "our budget might be 20k").confidence < drafted("fact", "our budget is 20k").confidence


def test_the_same_said_twice_is_one_draft() -> None:
    """Two signals of one sentence give one draft."""
    text = "I prefer tabs. I prefer tabs!"
    found = derive(
        [
            signal("preference", text, "I prefer tabs."),
            Signal(kind="preference", start=15, end=29, confidence=1, reason="r"),
        ],
        said(text),
    )
    assert [draft.text for draft in found] == ["Prefers tabs."]


@pytest.mark.parametrize(
    "known", ["use iso dates in reports", "- Use ISO dates in reports!", "Please always use ISO dates in all reports."]
)
def test_what_the_host_already_says_is_not_drafted(known: str) -> None:
    """Case, punctuation and small rewording do not matter."""
    assert (
        derive([signal("directive", "Use ISO dates in reports")], said("Use ISO dates in reports"), known=[known]) == ()
    )


@pytest.mark.parametrize(
    "known",
    [
        "Never use ISO dates in reports.",
        "Use ISO dates in logs.",
        "Use US dates in reports.",
        "",
        "In project heron, use ISO dates in reports.",
    ],
)
def test_what_the_host_says_otherwise_is_drafted(known: str) -> None:
    """A denial, another value or a narrower statement is not the same."""
    assert not is_known("Use ISO dates in reports.", [known])


@pytest.mark.parametrize(
    "text",
    ["", " ", "😀", "?!", "\u202e", "a" * 5000, "I " * 900, "我" * 900, "\n\n- \n", "I", "we", "the user's", "my is"],
)
def test_any_text_can_be_read(text: str) -> None:
    """No text breaks the reading or the derivation."""
    read(text)
    if text:
        for kind in ("fact", "correction", "decision", "praise"):
            for draft in derive([signal(kind, text)], said(text), about=text):  # type: ignore[arg-type]
                assert 0 < len(draft.text) <= MAX_DRAFT


@pytest.mark.parametrize(
    ("output", "reply", "kind", "text"),
    [
        ("I suggest bullet points.", "No bullet points, always write in paragraphs.", "rule", "No bullet points, always write in paragraphs."),
        ("Here you go.", "No emojis. Ever.", "rule", "No emojis."),
        ("Here are bullet points.", "That's wrong, use numbered lists.", "rule", "Use numbered lists."),
        ("Here are bullet points.", "That is not right, use numbered lists.", "rule", "Use numbered lists."),
        ("ok", "Look it up, I prefer tabs.", "preference", "Look it up, the user prefers tabs."),
    ],
)  # fmt: skip
def test_what_a_user_says_of_manner_guides_from_then_on(output: str, reply: str, kind: str, text: str) -> None:
    """From the reply to the kind and the words of what is kept."""
    from eider.understand.signals import detect

    episode = said(reply)
    found = derive(detect(reply, output), episode, about=output)
    assert [(d.kind, d.text) for d in found] == [(kind, text)]
