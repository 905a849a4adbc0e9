"""Links between the pages of the project lead somewhere."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SKIPPED = {".venv", ".git", "node_modules", ".hypothesis"}
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)\s#]+)(?:#[^)]*)?\)")


def test_relative_links_lead_to_files() -> None:
    pages = [page for page in ROOT.rglob("*.md") if not SKIPPED & set(page.relative_to(ROOT).parts)]
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in LINK.findall(re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL))
        if not (page.parent / target).exists()
    ]
    assert not broken
