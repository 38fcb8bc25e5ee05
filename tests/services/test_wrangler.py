"""The binding in a Wrangler configuration: its id is set, nothing else changes, and what can't be done is said with what is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from preview_db.errors import PreviewError
from preview_db.services.cloudflare import wrangler
from tests.drivers.cloudflare import account
from tests.drivers.pull_request import Life

ID = "0123456789abcdef0123456789abcdef"

JSONC = """\
// the shop's Worker
{
\t"name": "shop", /* as in the dashboard */
\t"hyperdrive": [
\t\t{ "binding": "OTHER", "id": "kept" },
\t\t{ "binding": "HYPERDRIVE", "id": "old", "localConnectionString": "postgres://\\u006cocalhost" }, // ours
\t],
\t"env": {
\t\t"staging": { "hyperdrive": [{ "id": "", "binding": "HYPERDRIVE" }] },
\t},
}
"""
TOML = """\
# the shop's Worker
name = 'shop'   # as in the dashboard

[[hyperdrive]]
binding = "OTHER"
id = "kept"

[[hyperdrive]]
binding = "HYPERDRIVE" # ours
id    = "old"

[env.staging]
hyperdrive = [ { binding = "HYPERDRIVE", id = "" } ]
"""


def written(folder: Path, name: str, text: str, *, binding: str = "HYPERDRIVE", environment: str | None = None) -> str:
    (folder / name).write_bytes(text.encode())
    wrangler.check(name, binding, environment, workspace=folder)
    assert (folder / name).read_bytes().decode() == text, "a look changes nothing"
    wrangler.write(name, binding, environment, ID, workspace=folder)
    return (folder / name).read_bytes().decode()


@pytest.mark.parametrize(("name", "text"), [("wrangler.jsonc", JSONC), ("wrangler.toml", TOML)])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_id_is_set_and_every_other_byte_stays(tmp_path: Path, name: str, text: str, newline: str) -> None:
    text = text.replace("\n", newline)
    assert written(tmp_path, name, text) == text.replace('"old"', f'"{ID}"')
    assert written(tmp_path, name, text, environment="staging") == text.replace('""', f'"{ID}"')
    assert written(tmp_path, name, text, binding="OTHER") == text.replace('"kept"', f'"{ID}"')


def test_plain_json_will_do_too(tmp_path: Path) -> None:
    text = '{"hyperdrive":[{"binding":"HYPERDRIVE","id":""}]}'
    assert written(tmp_path, "wrangler.json", text) == text.replace('""', f'"{ID}"')


def test_the_files_permissions_stay(tmp_path: Path) -> None:
    file = tmp_path / "wrangler.toml"
    file.write_text(TOML)
    file.chmod(0o640)
    wrangler.write("wrangler.toml", "HYPERDRIVE", None, ID, workspace=tmp_path)
    assert file.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(("name", "text"), [("wrangler.jsonc", JSONC), ("wrangler.toml", TOML)])
@pytest.mark.parametrize(("binding", "environment"), [("MISSING", None), ("OTHER", "staging"), ("HYPERDRIVE", "production")])
def test_a_missing_binding_is_an_error_that_shows_what_is_there(
    tmp_path: Path, name: str, text: str, binding: str, environment: str | None
) -> None:
    with pytest.raises(PreviewError, match=f"no Hyperdrive binding {binding}") as refused:
        written(tmp_path, name, text, binding=binding, environment=environment)
    assert "There is: OTHER, HYPERDRIVE, HYPERDRIVE (in env.staging)." in refused.value.what


def test_a_missing_file_is_an_error_that_shows_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "wrangler.toml").touch()
    with pytest.raises(PreviewError, match=r"no file 'wrangler\.jsonc'.*there is: wrangler\.toml\."):
        wrangler.check("wrangler.jsonc", "HYPERDRIVE", None, workspace=tmp_path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("wrangler.jsonc", "{"),
        ("wrangler.jsonc", "[" * 5000),
        ("wrangler.toml", "name = "),
        ("wrangler.toml", "\ufffe="),
    ],
)
def test_what_can_not_be_read_is_refused_in_words(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(PreviewError, match="can't be read"):
        wrangler.check(name, "HYPERDRIVE", None, workspace=tmp_path)


@pytest.mark.parametrize("binding", ['{"binding": "HYPERDRIVE"}', '{"binding": "HYPERDRIVE", "id": 1}'])
def test_a_binding_without_an_id_is_an_error_that_says_what_to_write(tmp_path: Path, binding: str) -> None:
    (tmp_path / "wrangler.jsonc").write_text(f'{{"hyperdrive": [{binding}]}}')
    with pytest.raises(PreviewError, match='has no "id" that is a string') as refused:
        wrangler.check("wrangler.jsonc", "HYPERDRIVE", None, workspace=tmp_path)
    assert 'Write "id": ""' in refused.value.remedy


@pytest.mark.parametrize(
    ("name", "text"),
    [("wrangler.jsonc", "[]"), ("wrangler.jsonc", '{"hyperdrive": {}, "env": []}'), ("wrangler.toml", "hyperdrive = 1\nenv = 1")],
)
def test_a_configuration_of_another_form_has_no_binding(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    for environment in (None, "staging"):
        with pytest.raises(PreviewError, match="There is: none"):
            wrangler.check(name, "HYPERDRIVE", environment, workspace=tmp_path)


@pytest.mark.parametrize("path", ["../wrangler.toml", "/etc/wrangler.toml", ".git/wrangler.toml", "link/wrangler.toml", "linked.toml"])
def test_only_a_plain_file_of_the_workspace_is_touched(tmp_path: Path, path: str) -> None:
    outside, workspace = tmp_path / "outside", tmp_path / "workspace"
    outside.mkdir()
    workspace.mkdir()
    (outside / "wrangler.toml").write_text(TOML)
    (workspace / "link").symlink_to(outside)
    (workspace / "linked.toml").symlink_to(outside / "wrangler.toml")
    with pytest.raises(PreviewError, match="wrangler_config"):
        wrangler.write(path, "HYPERDRIVE", None, ID, workspace=workspace)
    assert (outside / "wrangler.toml").read_text() == TOML


def test_a_step_sets_the_id_for_the_deployment_that_follows(life: Life) -> None:
    with account(life.emulator) as cloudflare:
        life.inputs |= cloudflare.inputs | {"wrangler_config": "wrangler.jsonc"}
        life.environ |= cloudflare.environ
        life.in_process = False  # the file is looked at in the workspace of its run
        life.shared = life.root / "job"
        workspace = life.shared / "workspace"
        workspace.mkdir(parents=True)
        refused = life.opened()
        assert (refused.exit_code, life.databases()) == (1, []), "it is checked before anything is created"
        (workspace / "wrangler.jsonc").write_text(JSONC)
        run = life.opened()
        assert run.succeeded, run.log
        assert (workspace / "wrangler.jsonc").read_text() == JSONC.replace('"old"', f'"{run.outputs["hyperdrive_id"]}"')
        (workspace / "wrangler.jsonc").unlink()
        assert life.closed().succeeded, "a run that deletes needs no checkout"
