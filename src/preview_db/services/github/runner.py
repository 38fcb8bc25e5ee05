"""The runner a step talks to: log, annotations, masks, outputs, summary. All this project prints or hands over goes through here.

One object owns the masks. A secret reaches an output only as a ``SecretStr``, and is masked before it is written. Text that is printed
or written is searched for every secret known by then, so that a mistake elsewhere still shows ``***``.

As GitHub's runner has it: a command is a line that begins with ``::`` or holds ``##[``; its data escapes ``%``, CR and LF, its
properties ``:`` and ``,`` too.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from pydantic import SecretStr

from ...errors import InvalidInput, PreviewError
from ...masks import Masks

MAX_SUMMARY = 1024 * 1024
"""Bytes of a step's summary that GitHub takes."""

LONGEST_LINE = 10_000
"""Characters of a line of the log; what other people named a thing may be longer."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+")


class CannotWrite(PreviewError):
    """What the job needs did not reach a file of the runner's."""

    title = "Not handed over"


class Runner:
    """Writes to the runner's log and files.

    Args:
        environ: names the runner's files: ``GITHUB_OUTPUT``, ``GITHUB_ENV``, ``GITHUB_STEP_SUMMARY``.
        log: the step's standard output.
    """

    def __init__(self, environ: Mapping[str, str], log: TextIO) -> None:
        self._environ = environ
        self._set: set[str] = set()
        self._log = log
        self._masks = Masks()
        self._writing = threading.Lock()  # what is read in the background may say that it takes longer

    def mask(self, secret: SecretStr) -> None:
        """Has the runner hide ``secret`` from here on, however it is encoded."""
        for form in self._masks.add(secret):
            self._write(f"::add-mask::{_data(form)}")

    def info(self, text: str) -> None:
        """A line of the log."""
        line = self._clean(text)
        self._write(f"\u200b{line}" if line.lstrip().startswith("::") else line)

    def waiting(self, text: str) -> None:
        """Why it takes longer: a line of the log like any other."""
        self.info(text)

    def debug(self, text: str) -> None:
        """A line that shows only when debug logging is on."""
        self._write(f"::debug::{_data(self._clean(text))}")

    def notice(self, title: str, text: str) -> None:
        self._annotate("notice", title, text)

    def warning(self, title: str, text: str) -> None:
        self._annotate("warning", title, text)

    def error(self, title: str, text: str) -> None:
        self._annotate("error", title, text)

    def check_files(self) -> None:
        """Raises :class:`InvalidInput` if what the job needs could not be written, before there is anything to lose."""
        for variable in ("GITHUB_OUTPUT", *(name for name in ("GITHUB_ENV", "GITHUB_STATE") if self._environ.get(name))):
            try:
                with Path(self._environ.get(variable, "")).open("a"):
                    pass
            except (OSError, ValueError):
                raise InvalidInput(
                    f"The runner's variable {variable} names no file that can be written.",
                    cause="The step does not run under GitHub Actions, or a wrapper does not pass the runner's environment on.",
                    remedy="Run it as a step of a workflow ('uses:'), or use the preview-db command in a terminal.",
                ) from None

    def has_set(self, name: str) -> bool:
        """Whether the output was set."""
        return name in self._set

    def set_output(self, name: str, value: str | SecretStr) -> None:
        """Sets an output of the step; a ``SecretStr`` is masked first."""
        self._set.add(name)
        self._append("GITHUB_OUTPUT", name, value)

    def export(self, name: str, value: SecretStr) -> None:
        """Sets an environment variable for the job's later steps, masked first."""
        self._append("GITHUB_ENV", name, value)

    def save_state(self, name: str, value: str) -> None:
        """Passes ``value`` on to the step's post run, as ``STATE_<name>``. Nothing secret belongs there."""
        self._append("GITHUB_STATE", name, value)

    def summarise(self, markdown: str) -> None:
        """Adds to the job's summary. What would make it too long for GitHub is left out."""
        path = self._environ.get("GITHUB_STEP_SUMMARY")
        if path:
            text = self.scrub(markdown).encode("utf-8", "replace")[: MAX_SUMMARY - 1].decode("utf-8", "ignore")
            with Path(path).open("a", encoding="utf-8", newline="\n") as file:
                file.write(f"{text}\n")

    def scrub(self, text: str) -> str:
        """``text`` with ``***`` for every secret that was masked: for what leaves by another way than this object, such as a comment."""
        return self._masks.scrub(text)

    def _append(self, variable: str, name: str, value: str | SecretStr) -> None:
        if isinstance(value, SecretStr):
            self.mask(value)
            text = value.get_secret_value()
        else:
            text = self.scrub(value)
        path = self._environ.get(variable)
        if not path:
            return
        delimiter = f"preview_db_{secrets.token_hex(16)}"
        if delimiter in text or delimiter in name:  # pragma: no cover - a chance of one in 2**128
            raise ValueError("a value holds the random delimiter it is written with")
        try:
            with Path(path).open("a", encoding="utf-8", newline="\n") as file:
                file.write(f"{name}<<{delimiter}\n{text}\n{delimiter}\n")
        except OSError as error:
            raise CannotWrite(
                f"Writing {name} to the file that {variable} names failed: {error.strerror}.",
                cause="The runner's disk is full, or something has changed the file since the step began.",
                remedy="Make room on the runner and run the job again.",
            ) from None

    def _annotate(self, kind: str, title: str, text: str) -> None:
        self._write(f"::{kind} title={_property(self._clean(title))}::{_data(self._clean(text))}")

    def _clean(self, text: str) -> str:
        """One line, no secret, nothing the runner or a terminal would take for a command."""
        line = _CONTROL.sub(" ", self.scrub(text)).replace("##[", "##\u200b[")
        return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…"

    def _write(self, line: str) -> None:
        with self._writing:
            self._log.write(line.encode("utf-8", "replace").decode("utf-8") + "\n")
            self._log.flush()


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
