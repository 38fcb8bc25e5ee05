"""The binding in a Wrangler configuration of the workspace: its ``id`` is set, and every other byte of the file stays as it is.

TOML goes through tomlkit and JSON with comments through json-five: both keep what they read, comments and spaces included.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any

from ...errors import InvalidInput
from .. import workspace as files

LARGEST = 256 * 1024
"""Bytes of a file that is changed."""

_NEW = '"hyperdrive": [{ "binding": "HYPERDRIVE", "id": "" }]'


def check(path_input: str, binding: str, environment: str | None, *, workspace: Path) -> None:
    """Raises what :func:`write` would: to be asked before there is anything to lose."""
    with files.opened("wrangler_config", path_input, workspace) as place:
        _changed(place, binding, environment, "0" * 32)


def write(path_input: str, binding: str, environment: str | None, id_: str, *, workspace: Path) -> None:
    """Sets the ``id`` of the Hyperdrive binding called ``binding``.

    Args:
        path_input: the file, relative to ``workspace``: ``.json``, ``.jsonc`` or ``.toml``.
        environment: the one of ``env`` whose binding it is; none for that at the top. Wrangler inherits none of them.

    Raises:
        InvalidInput: there is no such file or binding; the message says what there is.
        CannotWrite: the path leads out of the workspace or through a link, or the file can't be written.
    """
    with files.opened("wrangler_config", path_input, workspace) as place:
        files.replace(place, _changed(place, binding, environment, id_))


def _changed(place: files.Place, binding: str, environment: str | None, id_: str) -> bytes:
    content = files.existing(place, LARGEST)
    if content is None:
        found = files.names(place, "wrangler")
        raise _refused(
            f"There is no file {str(place.path)!r} for the input wrangler_config. In its folder there is: {', '.join(found) or 'none'}.",
            "The path is another one, or the repository was not checked out before this step.",
        )
    try:
        text = content.decode()
        changed = (_in_toml if place.path.suffix == ".toml" else _in_json)(text, _Binding(place, binding, environment, id_))
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else " ".join(str(error).split())[:200]
        raise _refused(f"The Wrangler configuration {str(place.path)!r} can't be read: {why}.", "It is no valid JSON or TOML.") from None
    return changed.encode()


class _Binding:
    """The binding to change.

    Args:
        environment: none for the top.
    """

    def __init__(self, place: files.Place, name: str, environment: str | None, id_: str) -> None:
        self._place, self._name, self._environment, self.id = place, name, environment, id_

    def path(self) -> tuple[str, ...]:
        return ("env", self._environment, "hyperdrive") if self._environment else ("hyperdrive",)

    def find(self, names: Sequence[str], everything: Mapping[str, Any]) -> list[int]:
        """The places of the binding among ``names``. Raises :class:`InvalidInput` if it has none.

        Args:
            everything: the whole configuration, for saying what there is.
        """
        if found := [index for index, name in enumerate(names) if name == self._name]:
            return found
        where = f"in env.{self._environment}" if self._environment else "outside env"
        there = ", ".join(_bindings(everything)) or "none"
        raise _refused(
            f"The Wrangler configuration {str(self._place.path)!r} has no Hyperdrive binding {self._name} {where}. There is: {there}.",
            "wrangler_binding or wrangler_env name another one, or it was not written down yet; env inherits no bindings.",
            f"Correct these inputs, or add the binding with an id to replace: {_NEW}.",
        )

    def without_id(self) -> InvalidInput:
        """The error for a binding in JSON that has no ``id`` to replace."""
        return _refused(
            f'The Hyperdrive binding {self._name} of {str(self._place.path)!r} has no "id" that is a string.',
            "It was left out, or is of another type; where it would stand among comments and spaces is not for us to say.",
            f'Write "id": "" into the binding: {_NEW}.',
        )


def _in_toml(text: str, binding: _Binding) -> str:
    import tomlkit  # here, since few runs change such a file

    document = tomlkit.parse(text)
    found: Any = document
    for key in binding.path():
        found = found.get(key, {}) if isinstance(found, Mapping) else {}
    entries = [entry for entry in found if isinstance(entry, MutableMapping)] if isinstance(found, list) else []
    for index in binding.find([str(entry.get("binding")) for entry in entries], document.unwrap()):
        entries[index]["id"] = binding.id
    return tomlkit.dumps(document)


def _in_json(text: str, binding: _Binding) -> str:
    import json5  # here, since few runs change such a file
    from json5 import dumper, loader
    from json5.model import JSONArray, JSONObject, String

    model = loader.loads(text, loader=loader.ModelLoader())
    found: Any = model.value
    for key in binding.path():
        found = _members(found).get(key) if isinstance(found, JSONObject) else None
    entries = [_members(entry) for entry in found.values if isinstance(entry, JSONObject)] if isinstance(found, JSONArray) else []
    everything: Any = json5.loads(text)
    for index in binding.find([_text(entry.get("binding")) for entry in entries], everything if isinstance(everything, dict) else {}):
        id_ = entries[index].get("id")
        if not isinstance(id_, String):
            raise binding.without_id()
        id_.characters, id_.raw_value = binding.id, json.dumps(binding.id)
    written = dumper.ModelDumper()
    written.dump(model)
    written.env.outfile.seek(0)
    return written.env.outfile.read()


def _members(found: Any) -> dict[str, Any]:
    """An object of the model by its keys, which are strings or bare names."""
    return {str(getattr(pair.key, "characters", "") or getattr(pair.key, "name", "")): pair.value for pair in found.key_value_pairs}


def _text(value: Any) -> str:
    return str(getattr(value, "characters", ""))


def _bindings(everything: Mapping[str, Any]) -> Iterator[str]:
    """The Hyperdrive bindings there are, each with its environment."""
    yield from _names(everything.get("hyperdrive"))
    environments = everything.get("env")
    for name, content in environments.items() if isinstance(environments, dict) else ():
        yield from (f"{binding} (in env.{name})" for binding in _names(content.get("hyperdrive") if isinstance(content, dict) else None))


def _names(entries: Any) -> Iterable[str]:
    return [str(entry.get("binding")) for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else ()


def _refused(what: str, cause: str, remedy: str = "Correct the input wrangler_config; nothing was touched.") -> InvalidInput:
    return InvalidInput(what, cause=cause, remedy=remedy, named="wrangler_config", problem=what)
