"""Claude Code's settings: ours goes in and out, and nobody else's entries ever change."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eider.api.install import installing
from eider.api.install.target import Options
from eider.model.errors import RefusedError
from eider_claude_hooks import settings as claude_settings
from eider_claude_hooks.target import TARGET
from eider_claude_hooks.wiring import ALLOWED, EVENTS, Form, exec_form, is_ours, is_url_allowed

FORM = Form(
    command=exec_form("/py 'th\"on", "/x/eider_claude_hooks/hook.py"),
    base="http://127.0.0.1:20001/v1/hooks",
    token="t" * 40,
)
NEXT = Form(command=exec_form("/other", "/y/eider_claude_hooks/hook.py"))
ENV = {"EIDER_ORIGIN": "agent"}

TEXT = st.text(max_size=6)
JUNK = st.recursive(st.none() | st.booleans() | st.integers() | TEXT, lambda i: st.lists(i, max_size=2), max_leaves=3)
HOOK = st.dictionaries(st.sampled_from(["type", "command", "args", "timeout", "x"]), JUNK, max_size=3)
GROUP = st.fixed_dictionaries({"hooks": st.lists(HOOK, max_size=2)}, optional={"matcher": TEXT})
HOOKS = st.dictionaries(st.sampled_from([e.name for e in EVENTS[:4]] + ["Notification"]), st.lists(GROUP, max_size=2))
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "hooks": HOOKS,
        "permissions": st.fixed_dictionaries(
            {}, optional={"allow": st.lists(st.sampled_from([ALLOWED, "Bash(ls:*)"]), unique=True), "deny": JUNK}
        ),
        "env": st.dictionaries(st.sampled_from(["A", "EIDER_ORIGIN"]), TEXT),
        "theme": JUNK,
    },
)


def written(value: Any, indent: int | None, line: str) -> bytes:
    return json.dumps(value, indent=indent, ensure_ascii=False).replace("\n", line).encode()


documents = st.builds(written, SETTINGS, st.sampled_from([None, 2, 4]), st.sampled_from(["\n", "\r\n"]))


def wired(text: bytes, form: Form = FORM) -> claude_settings.WiredSettings:
    return claude_settings.wire(claude_settings.read_settings("x", text), form, ENV)


def foreign(text: bytes) -> Any:
    """All that is not ours, without what is left empty by it."""
    found = copy.deepcopy(json.loads(text))
    for event, groups in list((found.get("hooks") or {}).items()):
        for group in groups:
            group["hooks"] = [h for h in group["hooks"] if not is_ours(h)]
        found["hooks"][event] = [g for g in groups if g["hooks"]]
    return found


@given(documents)
def test_it_goes_in_once_and_comes_out_whole(text: bytes) -> None:
    """Entries of others stay in their order; taking ours out leaves the value that was; putting it in twice is once."""
    done = wired(text)
    ours = claude_settings.present_hooks(json.loads(done.text))
    assert ours == claude_settings.expected_hooks(FORM)
    before, after = json.loads(text), json.loads(done.text)
    for event, groups in (before.get("hooks") or {}).items():
        assert after["hooks"][event][: len(groups)] == groups
    assert {k: v for k, v in after.items() if k not in ("hooks", "permissions", "env")} == {
        k: v for k, v in before.items() if k not in ("hooks", "permissions", "env")
    }
    assert wired(done.text).text == done.text
    left = claude_settings.unwire(done.text, done.memo)
    assert left is not None
    assert json.loads(left) == before


@given(documents)
def test_an_upgrade_replaces_ours_alone(text: bytes) -> None:
    """Hooks of an earlier version go, those of this one come, and all of it can be taken out by both memos."""
    first = wired(text)
    second = wired(first.text, NEXT)
    assert claude_settings.present_hooks(json.loads(second.text)) == claude_settings.expected_hooks(NEXT)
    left = claude_settings.unwire(second.text, second.memo)
    assert left is not None
    left = claude_settings.unwire(left, first.memo)
    assert left is not None
    assert json.loads(left) == json.loads(text)


@settings(max_examples=settings().max_examples // 2)
@given(documents)
def test_install_and_uninstall_is_the_same_bytes(text: bytes) -> None:
    """For whatever valid settings there are."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLAUDE_CONFIG_DIR", folder)
        path, options = Path(folder) / "settings.json", Options(home=Path(folder) / "eider")
        path.write_bytes(text)
        installing.install(TARGET, options)
        assert claude_settings.present_hooks(json.loads(path.read_bytes()))
        installing.uninstall(TARGET, options)
        assert path.read_bytes() == text
        assert sorted(p.name for p in Path(folder).iterdir()) == ["eider", "settings.json"]


def test_a_hook_that_somebody_put_into_our_group_stays() -> None:
    """Groups go only when nothing else is in them."""
    done = wired(b"{}")
    settings_ = json.loads(done.text)
    settings_["hooks"]["Stop"][0]["hooks"].insert(0, {"type": "command", "command": "mine"})
    left = claude_settings.unwire(json.dumps(settings_).encode(), done.memo)
    assert left is not None
    assert json.loads(left) == {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "mine"}]}]}}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b'{\n // mine\n"a": 1}', "line 2, column 2: a comment"),
        (b'{"a": 1,}', "line 1, column 9"),
        (b"[]", "no JSON object"),
        (b'{"hooks": []}', "hooks is not an object"),
        (b'{"hooks": null}', "hooks is not an object"),
        (b'{"hooks": {"Stop": {}}}', "hooks.Stop is not a list"),
        (b'{"hooks": {"Stop": ["x"]}}', r"hooks.Stop\[0\] is not an object"),
        (b'{"hooks": {"Stop": [{"hooks": {}}]}}', r"hooks.Stop\[0\] is not an object with a list"),
        (b'{"permissions": []}', "permissions is not an object"),
        (b'{"permissions": {"allow": "all"}}', "permissions.allow is not a list"),
        (b'{"env": []}', "env is not an object"),
        (b"\xff\xfe{}", "not UTF-8"),
    ],
)
def test_settings_that_are_not_understood_are_refused_and_untouched(
    text: bytes, why: str, account: Path, options: Options
) -> None:
    """The message says where; nothing is written, reserved or noted."""
    path = account / ".claude" / "settings.json"
    path.write_bytes(text)
    with pytest.raises(RefusedError, match=why) as caught:
        installing.install(TARGET, options)
    assert repr(str(path)) in str(caught.value)
    assert path.read_bytes() == text
    assert [p.name for p in path.parent.iterdir()] == ["settings.json"]
    assert not (options.home / "hooks.json").exists()


@pytest.mark.parametrize(
    ("hook", "ours"),
    [
        ({"type": "http", "url": "http://localhost:9/v1/hooks/claude-code"}, True),
        ({"type": "http", "url": "http://example.org/v1/hooks/claude-code"}, False),
        ({"type": "command", "command": "/p", "args": ["-I", "-S", "/v/eider_claude_hooks/hook.py"]}, True),
        ({"type": "command", "command": 'sh "$CLAUDE_PROJECT_DIR"/.claude/hooks/eider.sh'}, True),
        ({"type": "command", "command": "/usr/bin/python3 /home/ada/hook.py"}, False),
        ({"type": "command", "command": "eider recall x"}, False),
        ("text", False),
        ({"type": "command", "args": "eider_claude_hooks/hook.py"}, False),
    ],
)
def test_ours_are_known_by_where_they_lead(hook: Any, ours: bool) -> None:
    """By address and file, of every version."""
    assert is_ours(hook) is ours


def test_a_list_of_addresses_is_obeyed() -> None:
    """`allowedHttpHookUrls` with stars; none at all allows everything, an empty one nothing."""
    url = "http://127.0.0.1:20001/v1/hooks/claude-code"
    assert is_url_allowed(None, url)
    assert is_url_allowed(["http://127.0.0.1:*"], url)
    assert not is_url_allowed([], url)
    assert not is_url_allowed(["https://*"], url)
