"""OpenClaw's config is wired and put back byte for byte, and the doctor sees what stands in the plugin's way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tuned
from hypothesis import strategies as st

from eider.api.install import installing
from eider.api.install.target import Options
from eider.model.errors import RefusedError
from eider.service.doctor import HomeContext
from eider_openclaw import places, settings
from eider_openclaw.checks import openclaw
from eider_openclaw.target import TARGET

WRITTEN = '{\n    "gateway": { "port": 18789 },\n    "agents": {"list": []}\n}\n'
GATE = {"hooks": {"allowConversationAccess": True}}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """OpenClaw's config, not written yet."""
    monkeypatch.setenv("OPENCLAW_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("OPENCLAW_CONFIG_PATH", str(tmp_path / "openclaw.json"))
    return tmp_path / "openclaw.json"


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Options:
    """An EIDER_HOME of the test's own."""
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("EIDER_HOME", str(tmp_path / "home"))
    return Options(home=tmp_path / "home")


def found(options: Options) -> dict[str, str]:
    """What the doctor says: kind → fix."""
    return {one.kind: one.fix for one in openclaw(HomeContext(home=options.home))}


def entry(config: Path) -> Any:
    """How the plugin stands in the config."""
    return json.loads(config.read_text())["plugins"]["entries"]["eider"]


def test_the_plugin_its_gate_and_its_way_to_eider_are_set(config: Path, options: Options) -> None:
    """The folder that is loaded holds a plugin; the command names this very installation."""
    config.write_text(WRITTEN)
    record, _ = installing.install(TARGET, options)
    made = json.loads(config.read_text())["plugins"]
    assert record is not None
    assert entry(config)["hooks"] == GATE["hooks"]
    assert entry(config)["config"]["home"] == str(options.home)
    assert Path(entry(config)["config"]["command"][0]).exists()
    [folder] = made["load"]["paths"]
    assert json.loads((Path(folder) / "openclaw.plugin.json").read_text())["id"] == "eider"
    assert (Path(folder) / "lib" / "server.js").is_file()
    assert installing.install(TARGET, options) == (None, [])
    assert found(options) == {}


@pytest.mark.parametrize(
    "text",
    [
        WRITTEN, "", "{}", '{"plugins":{}}', '{"plugins": {"allow": ["other"], "entries": {"other": {"enabled": true}}}}\r\n',
        '{"plugins": {"load": {"paths": ["/x"]}, "entries": {"eider": {"config": {"user": "bea"}}}}}',
        '\ufeff{\n\t"plugins": {"entries": {"eider": {"enabled": false, "hooks": {}}}}}',
    ],
)  # fmt: skip
def test_taken_back_byte_for_byte(config: Path, options: Options, text: str) -> None:
    """Also where others' plugins, tabs, a byte-order mark or Windows' line ends are in the file."""
    config.write_bytes(text.encode())
    installing.install(TARGET, options)
    after = json.loads(config.read_text(encoding="utf-8-sig"))["plugins"]
    assert after["entries"]["eider"]["hooks"]["allowConversationAccess"] is True
    assert "eider" in after.get("allow", ["eider"])
    installing.uninstall(TARGET, options)
    assert config.read_bytes() == text.encode()


def test_a_config_that_was_not_there_is_gone_again(config: Path, options: Options) -> None:
    """What was made is taken away."""
    installing.install(TARGET, options)
    assert config.exists()
    installing.uninstall(TARGET, options)
    assert not config.exists()


def test_what_others_wrote_since_stays(config: Path, options: Options) -> None:
    """Only what is Eider's is taken out of a file that OpenClaw has written to in between."""
    config.write_text(WRITTEN)
    installing.install(TARGET, options)
    made = json.loads(config.read_text())
    made["plugins"]["entries"]["other"] = {"enabled": True}
    made["meta"] = {"lastTouchedVersion": "2026.9.6"}
    config.write_text(json.dumps(made, indent=2))
    installing.uninstall(TARGET, options)
    del made["plugins"]["entries"]["eider"], made["plugins"]["load"]
    assert json.loads(config.read_text()) == made


def test_what_no_record_knows_of_is_found(config: Path, options: Options, tmp_path: Path) -> None:
    """After EIDER_HOME was lost, the folder and the entry go all the same."""
    config.write_text(WRITTEN)
    installing.install(TARGET, options)
    (tmp_path / "fresh").mkdir()
    installing.uninstall(TARGET, Options(home=tmp_path / "fresh"))
    left = json.loads(config.read_text())["plugins"]
    assert left == {"load": {"paths": []}, "entries": {}}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{ // mine\n}", "cannot be edited byte for byte"),
        ("{plugins: {}}", "by hand as its README shows"),
        ('{"plugins": {"$include": "./plugins.json"}}', "keeps its plugins elsewhere"),
        ('{"plugins": {"deny": ["eider"]}}', "denies the plugin"),
        ('{"plugins": {"entries": {"eider": {"hooks": {"allowConversationAccess": false}}}}}', "allowConversationAccess: false"),
        ('{"plugins": {"load": {"paths": "x"}}}', "another shape"),
        ('{"plugins": {"entries": []}}', "another shape"),
        ("[]", "keeps its plugins elsewhere"),
    ],
)  # fmt: skip
def test_what_cannot_be_edited_safely_is_refused_with_the_fix(
    config: Path, options: Options, text: str, says: str
) -> None:
    """JSON5 would not come back byte for byte, and nobody's no is overruled."""
    config.write_text(text)
    with pytest.raises(RefusedError, match=says):
        installing.install(TARGET, options)
    assert config.read_text() == text


def test_a_copy_of_openclaws_own_is_not_loaded_twice(config: Path, options: Options, tmp_path: Path) -> None:
    """After `openclaw plugins install` only the entry and the gate are missing."""
    (tmp_path / "state" / "extensions" / "eider").mkdir(parents=True)
    config.write_text(WRITTEN)
    installing.install(TARGET, options)
    assert "load" not in json.loads(config.read_text())["plugins"]
    assert found(options) == {}


def test_the_form_that_owns_the_slot_is_left_as_it_is(config: Path, options: Options) -> None:
    """A folder that holds the plugin is loaded already, whichever it is."""
    slot = str(places.plugin_folder() / "slot")
    config.write_text(json.dumps({"plugins": {"load": {"paths": [slot]}, "slots": {"memory": "eider"}}}))
    installing.install(TARGET, options)
    assert json.loads(config.read_text())["plugins"]["load"]["paths"] == [slot]
    assert found(options) == {}


def test_a_project_is_refused(config: Path, tmp_path: Path) -> None:
    """OpenClaw has no settings of one."""
    with pytest.raises(RefusedError, match="--project"):
        TARGET.place(Options(home=tmp_path, project=tmp_path))


@pytest.mark.parametrize(
    ("over", "kind"),
    [
        ({"hooks": {}}, "openclaw-gate-closed"),
        ({"hooks": {"allowConversationAccess": True, "allowPromptInjection": False}}, "openclaw-injection-off"),
        ({"config": {"command": ["/nowhere/python"]}}, "openclaw-command-gone"),
    ],
)
def test_the_doctor_names_what_stands_in_the_way(config: Path, options: Options, over: Any, kind: str) -> None:
    """Each with its fix; a plugin that was switched off on purpose is left in peace."""
    installing.install(TARGET, options)
    made = json.loads(config.read_text())
    made["plugins"]["entries"]["eider"] |= over
    config.write_text(json.dumps(made))
    assert set(found(options)) == {kind}
    made["plugins"]["entries"]["eider"]["enabled"] = False
    config.write_text(json.dumps(made))
    assert found(options) == {}


def test_the_doctor_sees_a_plugin_that_is_left_out_or_gone(config: Path, options: Options) -> None:
    """By the allow list, or because its folder moved; a config with comments is said not to have been read."""
    config.write_text(
        json.dumps({"plugins": {"allow": ["x"], "load": {"paths": ["/nowhere"]}, "entries": {"eider": GATE}}})
    )
    assert set(found(options)) == {"openclaw-not-allowed", "openclaw-plugin-gone"}
    config.write_text('{ // eider\n "plugins": {} }')
    assert set(found(options)) == {"openclaw-config-unread"}
    config.write_text("{ // nothing of ours\n }")
    assert found(options) == {}


NAMES = st.sampled_from(
    ["plugins", "entries", "eider", "load", "paths", "allow", "hooks", "allowConversationAccess", "x"]
)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(tree=st.dictionaries(NAMES, TREES, max_size=4), indent=st.sampled_from([None, 1, 4]))
@tuned(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_stands_in_it_comes_out_as_it_was_or_is_refused(tree: Any, indent: int | None) -> None:
    """Wiring and taking out again is nothing, for any config that is not refused."""
    text = json.dumps(tree, indent=indent).encode()
    path = places.config_file()
    try:
        wiring = settings.wire(
            path, settings.read_config(path, text), folder="/our/folder", config={"command": ["eider"]}
        )
    except RefusedError:
        return
    after = str(wiring.text).encode()
    assert settings.value_at(json.loads(after), ("plugins", "entries", "eider", "hooks", "allowConversationAccess"))
    left = settings.unwire(after, wiring.memo("/our/folder"))
    assert left is not None
    assert json.loads(left) == tree
