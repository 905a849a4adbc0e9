"""Data of the demo: three conversations about a booking service, and the statements kept of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

USER: Final = "ada"
TZ: Final = "Europe/Lisbon"
SCOPE: Final = "project:tidewater"
TODAY: Final = datetime(2026, 6, 15, 9, 0, tzinfo=UTC)
PASSWORD: Final = "fog" + "-Lantern-77x"
"""Nobody's; put together here so that no scanner of this repository takes it for one."""
ADDRESS: Final = "14 Gullwing Lane"
"""What is forgotten in the end."""

SESSIONS: Final = (
    (
        "kick-off",
        datetime(2026, 3, 3, 10, 0, tzinfo=UTC),
        (
            ("user", "We are starting Tidewater, the booking service for the island ferries. Go and Postgres 16."),
            ("agent", "Good. Shall I set up the repository with a health check and migrations first?"),
            ("user", "Yes. And timetables change twice a year, so cache them for an hour, not longer."),
            ("agent", "Noted: timetables are cached for one hour."),
            ("user", f"Please send the hardware token to my flat, {ADDRESS}, third floor."),
            ("agent", "I will put that on the order form."),
        ),
    ),
    (
        "payments",
        datetime(2026, 4, 21, 14, 30, tzinfo=UTC),
        (
            ("user", "The payment provider times out at high tide, when everybody books at once. Retry three times."),
            ("agent", "With a growing pause between the attempts?"),
            ("user", "Yes, and never retry a refund: Marisol refunded a family twice last week."),
            ("agent", "Refunds are excluded from retries."),
            ("user", f"Staging is postgres://tide:{PASSWORD}@db.example/tidewater if you want to look."),
            ("agent", "I can reach staging, thank you."),
        ),
    ),
    (
        "release",
        datetime(2026, 6, 2, 9, 15, tzinfo=UTC),
        (
            ("user", "Harbour control complained: our Tuesday deploys collide with their radar maintenance."),
            ("agent", "We could move the window to another morning."),
            ("user", "Let's move it to Thursday, seven to nine in the morning. Marisol is on call then."),
            ("agent", "Deploys move to Thursday, seven to nine."),
        ),
    ),
)
"""(session, when it began, turns of (role, text))."""

BEFORE: Final = "Tidewater is deployed on Tuesday mornings between seven and nine."
AFTER: Final = "Tidewater is deployed on Thursday mornings between seven and nine."
RULE: Final = "Refunds are never retried automatically."
STATEMENTS: Final = (
    (BEFORE, "decision", datetime(2026, 3, 3, 11, 0, tzinfo=UTC)),
    (RULE, "rule", datetime(2026, 4, 21, 15, 0, tzinfo=UTC)),
    (
        "Prefers Go errors wrapped with the name of the operation.",
        "preference",
        datetime(2026, 4, 21, 15, 5, tzinfo=UTC),
    ),
)
"""(statement, kind, when it was kept)."""
CORRECTED: Final = datetime(2026, 6, 2, 9, 30, tzinfo=UTC)
DRAFTED: Final = "Draft of the release note: five bullet points."
OBJECTED: Final = "No, please write release notes in two short paragraphs, and always name who is on call."
OBJECTED_AT: Final = datetime(2026, 6, 2, 9, 45, tzinfo=UTC)
"""What the user says to a draft of the agent; nobody writes a rule down."""
TASK: Final = "write the release note for Tidewater"

QUESTION: Final = "When is Tidewater deployed?"
REFUND: Final = "Why do we not retry refunds?"
WORKING: Final = "Write the deploy checklist for Tidewater: which mornings is it deployed?"
GENERAL: Final = "What is the capital of Australia?"
