"""Every place a run can leave something in, and every way a secret may be written there."""

from __future__ import annotations

import base64
import html
import io
import json
import logging
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self, TextIO
from urllib.parse import quote, quote_plus

import preview_db.services.github.transport  # noqa: F401 - it sets PyGithub's level, which is set again here
from preview_db_emulator.runner.runner import Run

SECRET_OUTPUTS = frozenset({"database_url", "direct_url", "pooled_url", "password", "connection_urls", "sealed"})


def forms(secret: str) -> set[str]:
    """The ways to write it: raw, percent-encoded, in JSON, HTML and base64 wherever in a longer text it began, and each of its halves."""
    middle = len(secret) // 2
    found: set[str] = set()
    for part in (secret, secret[:middle], secret[middle:]):
        data = part.encode("utf-8", "surrogatepass")
        found |= {part, quote(part, safe=""), quote(part), quote_plus(part), html.escape(part), part.replace("%", "%25")}
        found |= {json.dumps(part)[1:-1], json.dumps(part, ensure_ascii=False)[1:-1], repr(part)[1:-1], ascii(part)[1:-1]}
        found |= {part.replace("\n", "%0A").replace("\r", "%0D"), data.hex()}
        for shift in range(3):
            encoded = base64.b64encode(bytes(shift) + data).decode()
            whole = encoded[-(-shift * 8 // 6) : (shift + len(data)) * 8 // 6]  # the characters that are of the secret alone
            found |= {whole, whole.translate(str.maketrans("+/", "-_"))}
    found |= {line for line in secret.splitlines() if len(line) >= 8}
    return {form for form in found if len(form) >= 8}


def leaks(secrets: Mapping[str, str], sinks: Mapping[str, str]) -> list[str]:
    """Which secret stands where, in words that hold none."""
    return [
        f"{name} in {sink} as {form[:2]}… ({len(form)} characters)"
        for name, secret in secrets.items()
        for form in forms(secret)
        for sink, text in sinks.items()
        if form in text
    ]


def of_run(run: Run) -> dict[str, str]:
    """What a run said and left, but for the masks and what is declared a secret."""
    spoken = [line for line in run.raw_stdout.replace("\r", "\n").split("\n") if not line.startswith("::add-mask::")]
    return {
        "standard output": "\n".join(spoken),
        "standard error": run.raw_stderr,
        "the log": "\n".join(run.log),
        "the summary": run.raw_summary,
        "the annotations": json.dumps([[one.title, one.message] for one in run.annotations], ensure_ascii=False),
        "the state": json.dumps(run.state, ensure_ascii=False),
        **{f"the output {name}": value for name, value in run.outputs.items() if name not in SECRET_OUTPUTS},
    }


def of_folder(folder: Path, *, but: Iterator[str] | tuple[str, ...] = ()) -> dict[str, str]:
    """Every file below, but for those that are called one of `but`."""
    files = [path for path in folder.rglob("*") if path.is_file() and not any(path.name.startswith(name) for name in but)]
    return {f"the file {path.name}": path.read_text("utf-8", "replace") for path in files}


class Watch(io.StringIO):
    """A step's standard output that looks at the step's files at each line: nothing secret may be in one before its mask was written."""

    def __init__(self, environ: Mapping[str, str], log: TextIO, secrets: Mapping[str, str]) -> None:
        super().__init__(newline="")
        self._log = log
        self._files = [Path(environ[name]) for name in ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STATE", "GITHUB_STEP_SUMMARY")]
        self._unmasked = dict(secrets)
        self.too_early: list[str] = []

    def write(self, text: str) -> int:
        for name, secret in list(self._unmasked.items()):
            self.too_early += [f"{name} in {file.name}" for file in self._files if secret in file.read_text("utf-8", "replace")]
            masked = f"::add-mask::{secret}".replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
            if text.rstrip("\n") == masked:
                del self._unmasked[name]
            elif secret in text:
                self.too_early.append(f"{name} in a line of the log")
        return self._log.write(text)


class Overheard(logging.Handler):
    """What the libraries say of themselves at DEBUG, where somebody listens: httpx, httpcore, httpx_retries, urllib3, PyGithub, psycopg."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))
        self.lines: list[str] = []
        self.names: set[str] = set()
        self._lines_lock = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        with self._lines_lock:
            self.names.add(record.name.split(".")[0])
            self.lines.append(self.format(record))

    def __enter__(self) -> Self:
        self._before = {name: logging.getLogger(name).level for name in ("", "github", "httpx", "httpcore", "psycopg", "urllib3")}
        logging.getLogger().addHandler(self)
        for name in self._before:
            logging.getLogger(name).setLevel(logging.DEBUG)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self)
        for name, level in self._before.items():
            logging.getLogger(name).setLevel(level)

    @property
    def said(self) -> str:
        return "\n".join(self.lines)
