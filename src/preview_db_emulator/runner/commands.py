"""What a step says to its runner: workflow commands on its streams, and the files it appends to.

Read as GitHub's runner reads them, its words of refusal included.
"""

import base64
import html
import io
import json
import re
import threading
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

_COMMANDS = {"add-mask", "debug", "error", "warning", "notice", "group", "endgroup", "stop-commands"}


@dataclass(frozen=True)
class Annotation:
    """What a step told about itself with ``::error::``, ``::warning::`` or ``::notice::``."""

    level: str
    message: str
    title: str = ""


@dataclass
class Console:
    """Reads a step's lines as the runner does: commands are carried out, the rest is shown, masked."""

    masker: "Masker"
    debug: bool = False
    log: list[str] = field(default_factory=list)
    masks: list[str] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)
    _resume: str | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def feed(self, line: str) -> None:
        with self._lock:  # two streams, two threads
            self._feed(line)

    def annotate(self, level: str, message: str, title: str = "") -> None:
        self.annotations.append(Annotation(level, self.masker(message), self.masker(title)))
        self._show(f"##[{level}]{message}")

    def _feed(self, line: str) -> None:
        command = parse_command(line, _COMMANDS if self._resume is None else {self._resume})
        if command is None:
            self._show(line)
            return
        name, properties, data = command
        if name == self._resume:
            self._resume = None
        elif name == "stop-commands":
            self._resume = data.lower()
        elif name == "add-mask":
            self._mask(data)
        elif name in ("error", "warning", "notice"):
            self.annotate(name, data, properties.get("title", ""))
        elif name != "debug" or self.debug:
            self._show(f"##[{name}]{data}")

    def _mask(self, value: str) -> None:
        if not value.strip():
            self.annotate("warning", "Can't add secret mask for empty string in ##[add-mask] command.")
            return
        self.masks.append(value)
        self.masker.add(value)

    def _show(self, text: str) -> None:
        self.log.extend(self.masker(text).split("\n"))


class Masker:
    """Replaces what it was told is secret, in every form the runner expects it in."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._forms: set[str] = set()
        for value in values:
            self.add(value)

    def add(self, value: str) -> None:
        for secret in {value, *re.split(r"[\r\n]+", value)}:
            self._forms.update(form for form in _forms(secret) if form)

    def __call__(self, text: str) -> str:
        spans = sorted(span for form in self._forms for span in _occurrences(form, text))
        shown, end = "", 0
        for start, stop in spans:
            if not shown or start > end:  # what overlaps or touches becomes one
                shown += text[end:start] + "***"
            end = max(end, stop)
        return shown + text[end:]


def parse_command(line: str, names: Container[str]) -> tuple[str, dict[str, str], str] | None:
    """Read a line as a workflow command with one of these names: its name, properties and data, all unescaped."""
    match = re.match(r"\s*::([^\s:]+)(?: (.*?))?::(.*)$", line, re.DOTALL)
    if not match or match[1].lower() not in names:
        return None
    pairs = (pair.split("=", 1) for pair in (match[2] or "").strip().split(",") if "=" in pair)
    properties = {key: _unescape(value, {"%3A": ":", "%2C": ","}) for key, value in pairs}
    return match[1].lower(), properties, _unescape(match[3], {})


def parse_file_command(text: str) -> Iterator[tuple[str, str]]:
    """Read ``name=value`` and ``name<<DELIMITER`` entries. Raises ValueError, in the runner's words, at a bad one."""
    lines = io.StringIO(text, newline="\n")  # on Linux the runner knows no other line end
    for raw in lines:
        line = raw.removesuffix("\n")
        if not line:
            continue
        heredoc, equals = line.find("<<"), line.find("=")
        if heredoc >= 0 and (equals < 0 or heredoc < equals):
            name, delimiter = line.split("<<", 1)
            if not name or not delimiter:
                raise ValueError(f"Invalid format '{line}'. Name must not be empty and delimiter must not be empty")
            value = ""
            for part in lines:
                if part.removesuffix("\n") == delimiter:
                    break
                value += part
            else:
                raise ValueError(f"Invalid value. Matching delimiter not found '{delimiter}'")
            yield name, value.removesuffix("\n")
        elif equals > 0:
            yield line[:equals], line[equals + 1 :]
        else:
            raise ValueError(f"Invalid format '{line}'")


def _unescape(value: str, more: Mapping[str, str]) -> str:
    for escaped, character in {"%0D": "\r", "%0A": "\n", **more, "%25": "%"}.items():
        value = value.replace(escaped, character)
    return value


def _occurrences(form: str, text: str) -> Iterator[tuple[int, int]]:
    start = text.find(form)
    while start >= 0:
        yield start, start + len(form)
        start = text.find(form, start + 1)


def _forms(value: str) -> Iterator[str]:
    """List the ways a secret may be written, as the runner's masker knows them."""
    if not value:
        return
    data = value.encode()
    yield value
    yield value.strip('"')
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield quote(value, safe="-_.~")
    yield html.escape(value)
    yield value.replace("'", "''")
    yield value.replace('"', '\\"')
    for shift in range(min(3, len(data))):  # wherever in a longer text it began
        yield base64.b64encode(data[shift:]).decode()
