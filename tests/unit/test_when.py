"""Dates in language: what a question asks about, what an utterance speaks of."""

from __future__ import annotations

from datetime import date

import pytest

from eider.language.dates import EventAnchor, Window, event_asked, mentions, window_asked

TODAY = date(2026, 5, 20)  # a Wednesday; its week begins on 18 May


def spelled(window: Window | None) -> str | None:
    """`first..last` with both days in it, or the one day."""
    if window is None:
        return None
    return str(window.first) if window.days == 1 else f"{window.first}..{window.last}"


ENGLISH = [
    ("What did I read in May?", "2026-05-01..2026-05-31"),
    ("What did I read in June?", "2025-06-01..2025-06-30"),
    ("what did i say in march", "2026-03-01..2026-03-31"),
    ("Who visited in May 2023?", "2023-05-01..2023-05-31"),
    ("Who visited in may 2023?", "2023-05-01..2023-05-31"),
    ("What happened on 7 May 2023?", "2023-05-07"),
    ("What happened on May 7, 2023?", "2023-05-07"),
    ("What happened on May 7th, 2023?", "2023-05-07"),
    ("May 7", "2026-05-07"),
    ("7th of May", "2026-05-07"),
    ("the 7th of June", "2025-06-07"),
    ("Who came on the first of April?", "2026-04-01"),
    ("Who came on Sunday, 3 May?", "2026-05-03"),
    ("2023-05-07", "2023-05-07"),
    ("What was due on 2023/05/07?", "2023-05-07"),
    ("What was said at 2023-05-07T10:00?", "2023-05-07"),
    ("meeting of 7.5.2023", "2023-05-07"),
    ("meeting of 5/7/2023", "2023-05-07"),
    ("meeting of 25/7/2023", "2023-07-25"),
    ("the report for 2023-05", "2023-05-01..2023-05-31"),
    ("What did I do last week?", "2026-05-11..2026-05-17"),
    ("what changed last month", "2026-04-01..2026-04-30"),
    ("last year", "2025-01-01..2025-12-31"),
    ("What did we do last weekend?", "2026-05-16..2026-05-17"),
    ("Where was I last Tuesday?", "2026-05-19"),
    ("Where was I last Wednesday?", "2026-05-13"),
    ("Where was I on Friday?", "2026-05-15"),
    ("What did Tom say Thursday?", "2026-05-14"),
    ("on Fri", "2026-05-15"),
    ("Tuesday of last week", "2026-05-12"),
    ("this week", "2026-05-18..2026-05-24"),
    ("What did I learn this month?", "2026-05-01..2026-05-31"),
    ("this year", "2026-01-01..2026-12-31"),
    ("this weekend", "2026-05-23..2026-05-24"),
    ("this past weekend", "2026-05-16..2026-05-17"),
    ("yesterday", "2026-05-19"),
    ("What did I eat last night?", "2026-05-19"),
    ("the day before yesterday", "2026-05-18"),
    ("What do I have to do today?", "2026-05-20"),
    ("What is planned for tomorrow?", "2026-05-21"),
    ("What will I do next week?", "2026-05-25..2026-05-31"),
    ("next month", "2026-06-01..2026-06-30"),
    ("next Monday", "2026-05-25"),
    ("two weeks ago", "2026-05-03..2026-05-09"),
    ("a week ago", "2026-05-10..2026-05-16"),
    ("3 days ago", "2026-05-17"),
    ("ten days ago", "2026-05-10"),
    ("a few days ago", "2026-05-15..2026-05-18"),
    ("a couple of days ago", "2026-05-17..2026-05-18"),
    ("a couple of months ago", "2026-02-01..2026-03-31"),
    ("two months ago", "2026-03-01..2026-03-31"),
    ("a year ago", "2025-01-01..2025-12-31"),
    ("two years ago", "2024-01-01..2024-12-31"),
    ("half a year ago", "2025-11-01..2025-11-30"),
    ("two summers ago", "2024-06-01..2024-08-31"),
    ("two weekends ago", "2026-05-09..2026-05-10"),
    ("two hours ago", "2026-05-20"),
    ("Where did I work in 2022?", "2022-01-01..2022-12-31"),
    ("early 2022", "2022-01-01..2022-05-01"),
    ("since March", "2026-03-01..2026-05-20"),
    ("since 2024", "2024-01-01..2026-05-20"),
    ("since yesterday", "2026-05-19..2026-05-20"),
    ("since last week", "2026-05-11..2026-05-20"),
    ("since the 3rd of May", "2026-05-03..2026-05-20"),
    ("before June 2023", "0001-01-01..2023-05-31"),
    ("before 7 May 2023", "0001-01-01..2023-05-06"),
    ("until April", "0001-01-01..2026-04-30"),
    ("by the end of April", "0001-01-01..2026-04-30"),
    ("after 7 May", "2026-05-08..2026-05-20"),
    ("after Christmas", "2025-12-27..2026-05-20"),
    ("between March and May", "2026-03-01..2026-05-31"),
    ("between November and February", "2025-11-01..2026-02-28"),
    ("between March and May 2023", "2023-03-01..2023-05-31"),
    ("between November and February 2023", "2022-11-01..2023-02-28"),
    ("from 3 to 7 April", "2026-04-03..2026-04-07"),
    ("April 3-7, 2023", "2023-04-03..2023-04-07"),
    ("from Monday to Tuesday", "2026-05-18..2026-05-19"),
    ("2019-2021", "2019-01-01..2021-12-31"),
    ("from 2019 to 2021", "2019-01-01..2021-12-31"),
    ("summer 2022", "2022-06-01..2022-08-31"),
    ("in the summer of 2022", "2022-06-01..2022-08-31"),
    ("last summer", "2025-06-01..2025-08-31"),
    ("in spring", "2026-03-01..2026-05-31"),
    ("in the fall", "2025-09-01..2025-11-30"),
    ("during the winter", "2025-12-01..2026-02-28"),
    ("in the last 10 days", "2026-05-10..2026-05-20"),
    ("over the past two weeks", "2026-05-06..2026-05-20"),
    ("in the past month", "2026-04-20..2026-05-20"),
    ("the last three months", "2026-02-20..2026-05-20"),
    ("in the last few days", "2026-05-15..2026-05-20"),
    ("over the next two weeks", "2026-05-20..2026-06-03"),
    ("What did I get on Christmas?", "2025-12-24..2025-12-26"),
    ("What did I get for Christmas 2023?", "2023-12-24..2023-12-26"),
    ("on New Year's Eve", "2025-12-31"),
    ("on Halloween", "2025-10-31"),
    ("at Thanksgiving 2024", "2024-11-28"),
    ("over Easter", "2026-04-03..2026-04-06"),
    ("early March", "2026-03-01..2026-03-10"),
    ("in late April", "2026-04-21..2026-04-30"),
    ("mid-April 2023", "2023-04-11..2023-04-20"),
    ("at the beginning of last month", "2026-04-01..2026-04-10"),
    ("the first week of April", "2026-04-01..2026-04-07"),
    ("the last week of April", "2026-04-24..2026-04-30"),
    ("the second Friday of April", "2026-04-10"),
    ("the last Friday of April 2023", "2023-04-28"),
    ("the week of 7 April", "2026-04-06..2026-04-12"),
    ("the weekend of April 7", "2026-04-11..2026-04-12"),
    ("the week before 3 August 2023", "2023-07-27..2023-08-02"),
    ("two weeks before August 11, 2023", "2023-07-25..2023-07-31"),
    ("the weekend before April 10, 2023", "2023-04-08..2023-04-09"),
    ("last weekend before April 10, 2023", "2023-04-08..2023-04-09"),
    ("the Friday before June 7, 2023", "2023-06-02"),
    ("the day after 7 May 2023", "2023-05-08"),
    ("the day after Wednesday", "2026-05-14"),
    ("three days after Christmas 2024", "2024-12-29"),
    ("What did I do in May last year?", "2025-05-01..2025-05-31"),
    ("last year in the summer", "2025-06-01..2025-08-31"),
    ("Q2 2023", "2023-04-01..2023-06-30"),
    ("in the 1990s", "1990-01-01..1999-12-31"),
    ("What did Ada say on the 7th?", "2026-05-07"),
    ("What did Ada say on the 27th?", "2026-04-27"),
    ("on 29 February", "2024-02-29"),
    ("Jan 3", "2026-01-03"),
    ("What did we do at the weekend?", "2026-05-16..2026-05-17"),
    ("What will we do at the weekend?", "2026-05-23..2026-05-24"),
    ("in the first half of April 2023", "2023-04-01..2023-04-15"),
    ("plans for the summer", "2026-06-01..2026-08-31"),
    ("What did I do over the summer?", "2025-06-01..2025-08-31"),
    ("in Dec 2024", "2024-12-01..2024-12-31"),
    ("April 5-April 12", "2026-04-05..2026-04-12"),
    ("April 5 – April 12, 2024", "2024-04-05..2024-04-12"),
    ("The sprint runs from March 23-March 30, 2024.", "2024-03-23..2024-03-30"),
    ("Week 2 (May 12-May 26)", "2026-05-12..2026-05-26"),
    ("September 1-September 15, 2024", "2024-09-01..2024-09-15"),
    ("March 23, 2024 - April 2", "2024-03-23..2024-04-02"),
    ("December 28-January 3", "2025-12-28..2026-01-03"),
    ("December 28, 2023-January 3", "2023-12-28..2024-01-03"),
    ("Dec 28-Jan 3, 2024", "2023-12-28..2024-01-03"),
    ("7 May-9 June", "2026-05-07..2026-06-09"),
    ("7-May - 9-May", "2026-05-07..2026-05-09"),
    ("5-7-May", "2026-05-05..2026-05-07"),
    ("7-May-2023", "2023-05-07"),
    ("May-2023", "2023-05-01..2023-05-31"),
    ("5th April-12th April", "2026-04-05..2026-04-12"),
    ("Mon 3 June - Fri 7 June 2024", "2024-06-03..2024-06-07"),
    ("Monday, May 5-Friday, May 9", "2026-05-05..2026-05-09"),
    ("What was on my list yesterday, after that talk about March?", "2026-05-19"),
]  # fmt: skip
OTHERS = [
    ("Was habe ich im Mai gelesen?", "2026-05-01..2026-05-31"),
    ("Was geschah am 7. Mai 2023?", "2023-05-07"),
    ("am 7. April", "2026-04-07"),
    ("am 07.05.2023", "2023-05-07"),
    ("Was war letzte Woche?", "2026-05-11..2026-05-17"),
    ("letzten Monat", "2026-04-01..2026-04-30"),
    ("im letzten Jahr", "2025-01-01..2025-12-31"),
    ("gestern", "2026-05-19"),
    ("vorgestern", "2026-05-18"),
    ("vor zwei Wochen", "2026-05-03..2026-05-09"),
    ("vor drei Tagen", "2026-05-17"),
    ("vor ein paar Tagen", "2026-05-15..2026-05-18"),
    ("letzten Sommer", "2025-06-01..2025-08-31"),
    ("im Sommer 2022", "2022-06-01..2022-08-31"),
    ("seit März", "2026-03-01..2026-05-20"),
    ("vor Juni 2023", "0001-01-01..2023-05-31"),
    ("zwischen März und Mai", "2026-03-01..2026-05-31"),
    ("am Freitag", "2026-05-15"),
    ("letztes Wochenende", "2026-05-16..2026-05-17"),
    ("in den letzten 10 Tagen", "2026-05-10..2026-05-20"),
    ("Ende April", "2026-04-21..2026-04-30"),
    ("zu Weihnachten", "2025-12-24..2025-12-26"),
    ("Was mache ich nächste Woche?", "2026-05-25..2026-05-31"),
    ("Qu'ai-je lu en mai ?", "2026-05-01..2026-05-31"),
    ("le 7 mai 2023", "2023-05-07"),
    ("le 1er", None),
    ("la semaine dernière", "2026-05-11..2026-05-17"),
    ("le mois dernier", "2026-04-01..2026-04-30"),
    ("l'année dernière", "2025-01-01..2025-12-31"),
    ("l'an dernier", "2025-01-01..2025-12-31"),
    ("hier soir", "2026-05-19"),
    ("avant-hier", "2026-05-18"),
    ("il y a deux semaines", "2026-05-03..2026-05-09"),
    ("il y a trois jours", "2026-05-17"),
    ("il y a un an", "2025-01-01..2025-12-31"),
    ("l'été dernier", "2025-06-01..2025-08-31"),
    ("depuis mars", "2026-03-01..2026-05-20"),
    ("entre mars et mai", "2026-03-01..2026-05-31"),
    ("vendredi dernier", "2026-05-15"),
    ("le week-end dernier", "2026-05-16..2026-05-17"),
    ("les 10 derniers jours", "2026-05-10..2026-05-20"),
    ("fin avril", "2026-04-21..2026-04-30"),
    ("à Noël", "2025-12-24..2025-12-26"),
    ("aujourd'hui", "2026-05-20"),
    ("¿Qué leí en mayo?", "2026-05-01..2026-05-31"),
    ("el 7 de mayo de 2023", "2023-05-07"),
    ("la semana pasada", "2026-05-11..2026-05-17"),
    ("el mes pasado", "2026-04-01..2026-04-30"),
    ("el año pasado", "2025-01-01..2025-12-31"),
    ("ayer", "2026-05-19"),
    ("anteayer", "2026-05-18"),
    ("hace dos semanas", "2026-05-03..2026-05-09"),
    ("hace unos días", "2026-05-15..2026-05-18"),
    ("el viernes pasado", "2026-05-15"),
    ("el fin de semana pasado", "2026-05-16..2026-05-17"),
    ("el verano pasado", "2025-06-01..2025-08-31"),
    ("desde marzo", "2026-03-01..2026-05-20"),
    ("entre marzo y mayo", "2026-03-01..2026-05-31"),
    ("en los últimos 10 días", "2026-05-10..2026-05-20"),
    ("a finales de abril", "2026-04-21..2026-04-30"),
    ("la próxima semana", "2026-05-25..2026-05-31"),
    ("我五月读了什么？", "2026-05-01..2026-05-31"),
    ("2023年5月7日发生了什么？", "2023-05-07"),
    ("2023年5月", "2023-05-01..2023-05-31"),
    ("2022年我在哪里工作？", "2022-01-01..2022-12-31"),
    ("上周我说了什么？", "2026-05-11..2026-05-17"),
    ("上个月", "2026-04-01..2026-04-30"),
    ("去年", "2025-01-01..2025-12-31"),
    ("前年", "2024-01-01..2024-12-31"),
    ("昨天", "2026-05-19"),
    ("前天", "2026-05-18"),
    ("两周前", "2026-05-03..2026-05-09"),
    ("三天前", "2026-05-17"),
    ("十二天前", "2026-05-08"),
    ("几天前", "2026-05-15..2026-05-18"),
    ("上周五", "2026-05-15"),
    ("上周末", "2026-05-16..2026-05-17"),
    ("去年夏天", "2025-06-01..2025-08-31"),
    ("从三月到五月", "2026-03-01..2026-05-31"),
    ("2023年6月之前", "0001-01-01..2023-05-31"),
    ("最近10天", "2026-05-10..2026-05-20"),
    ("上个月底", "2026-04-21..2026-04-30"),
    ("周末我做了什么？", "2026-05-16..2026-05-17"),
    ("Was haben wir am Wochenende gemacht?", "2026-05-16..2026-05-17"),
    ("5. April-12. April", "2026-04-05..2026-04-12"),
    ("5. April – 12. April 2024", "2024-04-05..2024-04-12"),
    ("vom 5.-12. April", "2026-04-05..2026-04-12"),
    ("5 avril-12 avril", "2026-04-05..2026-04-12"),
    ("1er avril - 12 avril 2024", "2024-04-01..2024-04-12"),
    ("du 5 avril au 12 avril 2024", "2024-04-05..2024-04-12"),
    ("du 5 au 12 avril", "2026-04-05..2026-04-12"),
    ("5 de abril-12 de abril", "2026-04-05..2026-04-12"),
    ("del 5 de abril al 12 de abril de 2024", "2024-04-05..2024-04-12"),
    ("4月5日-4月12日", "2026-04-05..2026-04-12"),
    ("4月5日至12日", "2026-04-05..2026-04-12"),
    ("2024年4月5日—12日", "2024-04-05..2024-04-12"),
    ("三四天前", "2026-05-17"),
    ("下周有什么安排？", "2026-05-25..2026-05-31"),
]  # fmt: skip
UNDATED = [
    "May I ask something?", "may I come in", "I may go", "You may find it in the drawer", "Who may enter?",
    "March forward!", "They march on", "a second opinion", "the second one", "on second thought", "Sun", "the sun is out",
    "Sat down", "What is my favourite colour?", "How many days are in a year?", "every Friday", "each week",
    "on Fridays", "How long did it last?", "the last time we met", "What's next?", "a one-year-old child",
    "my two-week notice", "in two weeks of training, how much did I lift?", "in ten minutes", "I read 2000 pages",
    "Explain it in 2000 words", "It costs $2023", "version 3.11", "the fall of the wall", "spring water", "April called",
    "What did June say?", "August company", "Who is Jan?", "on the 7th floor", "ask Mar about it", "the weekend warrior",
    "day after day", "one day", "What do you do all day?", "any day now", "Mayday", "Marchpane", "monthly", "yearly",
    "Wie geht es dir?", "Der Tag war schön", "jeden Freitag", "das letzte Mal", "Comment ça va ?", "il a été gentil",
    "la planète Mars", "chaque semaine", "¿Cómo estás?", "cada semana", "la última vez", "你好吗？", "每周五", "我会去",
    "三年级", "", " ", "?!", "12345678901234567890", "2023-13-45", "99/99/2023", "二十",
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), ENGLISH + OTHERS)
def test_a_question_names_its_period(text: str, expected: str | None) -> None:
    """Dates, months, seasons, relative phrases and ranges in five languages."""
    assert spelled(window_asked(text, today=TODAY)) == expected


@pytest.mark.parametrize("text", UNDATED)
def test_a_question_without_a_date_has_no_period(text: str) -> None:
    """Words that are also months, days or seasons do not make a date."""
    assert window_asked(text, today=TODAY) is None


SAID = [
    ("We moved yesterday.", ["2026-05-19"]),
    ("I saw her last Friday and she leaves tomorrow.", ["2026-05-15", "2026-05-21"]),
    ("We are getting married next month!", ["2026-06-01..2026-06-30"]),
    ("I quit two years ago.", ["2024-01-01..2024-12-31"]),
    ("The concert was on 3 June.", ["2025-06-03"]),
    ("The concert will be on 3 June.", ["2026-06-03"]),
    ("I'll see the doctor on Friday.", ["2026-05-22"]),
    ("I saw the doctor on Friday.", ["2026-05-15"]),
    ("It rained. We will leave on Friday.", ["2026-05-22"]),
    ("We will leave soon. It rained on Friday.", ["2026-05-15"]),
    ("We're going camping this weekend", ["2026-05-23..2026-05-24"]),
    ("We went camping last weekend", ["2026-05-16..2026-05-17"]),
    ("She has lived here since March 2021.", ["2021-03-01..2021-03-31"]),
    ("He must finish before 7 June 2026.", ["2026-06-07"]),
    ("The exam is in two weeks.", ["2026-05-31..2026-06-06"]),
    ("My parents visit in a month", ["2026-06-01..2026-06-30"]),
    ("In summer 2019 we sailed, and in 2021 we bought the boat.", ["2019-06-01..2019-08-31", "2021-01-01..2021-12-31"]),
    ("Plans for next summer", ["2026-06-01..2026-08-31"]),
    ("Nächste Woche fliege ich nach Rom, gestern habe ich gepackt.", ["2026-05-25..2026-05-31", "2026-05-19"]),
    ("On part demain, la semaine prochaine on rentre.", ["2026-05-21", "2026-05-25..2026-05-31"]),
    ("Mañana viajo y el próximo mes vuelvo.", ["2026-05-21", "2026-06-01..2026-06-30"]),
    ("明天去北京，下个月回来。", ["2026-05-21", "2026-06-01..2026-06-30"]),
    ("I may be late, the sun is out.", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), SAID)
def test_an_utterance_is_read_against_the_day_it_was_said(text: str, expected: list[str]) -> None:
    """Relative phrases resolve to days; the tense decides where a year or week is left out."""
    assert [spelled(window) for window in mentions(text, said_on=TODAY)] == expected


@pytest.mark.parametrize(
    ("text", "precision"),
    [
        ("yesterday", "day"), ("in May", "month"), ("last week", "week"), ("two weeks ago", "week"), ("in 2022", "year"),
        ("summer 2022", "season"), ("last weekend", "span"), ("since March", "span"), ("a few days ago", "span"),
    ],
)  # fmt: skip
def test_a_window_knows_how_exactly_it_was_named(text: str, precision: str) -> None:
    """A day, a week, a month, a season, a year, or a span of days."""
    window = window_asked(text, today=TODAY)
    assert window is not None
    assert window.precision == precision


@pytest.mark.parametrize(
    ("text", "relation", "phrase"),
    [
        ("What did we buy before the trip?", "before", "the trip"),
        ("Where did I live after the wedding", "after", "the wedding"),
        ("Since the move, what changed?", "since", "the move"),
        ("What did he cook during Anna's birthday party?", "during", "Anna's birthday party"),
        ("After we moved to Berlin, who called?", "after", "we moved to Berlin"),
        ("Before the concert did Mia buy anything?", "before", "the concert"),
        ("Was habe ich vor der Reise nach Rom gekauft?", "before", "der Reise nach Rom"),
        ("Qu'avons-nous mangé après le mariage de Paul ?", "after", "le mariage de Paul"),
        ("¿Qué compré antes del viaje a Lima?", "before", "viaje a Lima"),
        ("旅行之前我买了什么？", "before", "旅行"),
    ],
)
def test_a_question_may_be_placed_by_an_event(text: str, relation: str, phrase: str) -> None:
    """Before, after, since or during something that is no date."""
    assert event_asked(text) == EventAnchor(relation=relation, phrase=phrase)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    ["before June", "since last year", "during the week", "during the summer of 2022", "after that", "after all",
     "What happened after the first week?", "since 3 May", "两周之前", "depuis la semaine dernière", "seit letzter Woche",
     "Who looks after my cat?", "What do I bake in, since I own no tin?",
     "Who am I?", "", "desde enero"],
)  # fmt: skip
def test_a_date_is_no_event(text: str) -> None:
    """What names a date or a length of time is left to `window_asked`."""
    assert event_asked(text) is None


def test_a_fault_of_the_reader_leaves_the_dates_unread(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever goes wrong inside, a text has no dates then, and the log says so."""

    def broken(*_: object) -> None:
        next(iter(()))

    monkeypatch.setattr("eider.language.dates.read", broken)
    assert mentions("We met on 7 May.", said_on=TODAY) == []
    assert window_asked("What did we do on 7 May?", today=TODAY) is None
    assert "could not be read" in caplog.text
