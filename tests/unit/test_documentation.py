"""The documentation site is assembled from pages that are there, and names what there is."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from eider.api.verbs import VERBS
from eider.cli.app import SUMMARIES
from eider.model import config

ROOT = Path(__file__).parents[2]


def test_the_pages_of_the_site_are_whole(tmp_path: Path) -> None:
    """No link leads nowhere; every verb, command and setting is in the reference, every page in the navigation is made."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "site" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    assert generate.main(tmp_path / "pages") == 0
    read = {p.name: p.read_text(encoding="utf-8") for p in (tmp_path / "pages").rglob("*.md")}
    assert all(f"### {verb}\n" in read["api.md"] for verb in VERBS)
    assert all(f"`POST /v1/{verb}`" in read["http-api.md"] for verb in VERBS)
    assert all(f"### eider {name}\n" in read["commands.md"] for name in SUMMARIES)
    assert all(f"`{name}`" in read["settings.md"] for name in config.SETTINGS)
    assert "`StoreLockedError`" in read["errors.md"]
    import tomllib

    nav = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"]
    for section in nav:
        for pages in section.values():
            assert all((tmp_path / "pages" / page).is_file() for page in pages)
