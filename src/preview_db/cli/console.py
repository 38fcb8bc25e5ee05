"""What a person in a terminal reads: progress on standard error, answers on standard output, no secret on either unless asked for."""

from __future__ import annotations

import contextlib
import functools
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TextIO

import click
from pydantic import SecretStr

from ..errors import PreviewError
from ..masks import Masks
from . import layout

if TYPE_CHECKING:
    from rich.console import Console

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
_STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red", "unknown": "dim", "would go": "yellow", "delete": "yellow"}


class NotConfirmed(PreviewError):
    """Nothing was done, since nobody said yes."""

    title = "Not confirmed"
    exit_code = 4
    page = "terminal.md"


class Terminal:
    """The :class:`preview_db.log.Sink` of a person.

    Args:
        out: for what was asked for, a table or JSON.
        err: for everything said along the way.
        ask: where an answer to a question would come from.
    """

    def __init__(self, out: TextIO = sys.stdout, err: TextIO = sys.stderr, ask: TextIO = sys.stdin) -> None:
        self._out = out
        self._err = err
        self._ask = ask
        self._quiet = False
        self._warns = True
        self._masks = Masks()

    def mask(self, secret: SecretStr) -> None:
        """Has ``secret`` show as ``***`` from here on, however it is encoded."""
        self._masks.add(secret)

    def scrub(self, text: str) -> str:
        """``text`` without what was masked."""
        return self._masks.scrub(text)

    def info(self, text: str) -> None:
        """A line of what is going on."""
        if not self._quiet:
            self._say(text, style="dim")

    def waiting(self, text: str) -> None:
        """Why it takes longer: said even where progress is not."""
        self._say(text, style="dim")

    def notice(self, title: str, text: str) -> None:
        self._say(f"{title}: {text}")

    def warning(self, title: str, text: str) -> None:
        if self._warns:
            self._say(f"{title}: {text}", style="yellow")

    def error(self, error: PreviewError) -> None:
        """What went wrong, in its three sentences."""
        self._say(f"Error: {error.what}", style="bold red")
        self._say(f"  Likely cause: {error.cause}")
        self._say(f"  What to do: {error.remedy}")
        self._say(f"  Read on: {error.link}")

    @contextlib.contextmanager
    def quietly(self, *, warns: bool = False) -> Iterator[None]:
        """No progress, and no warnings either unless ``warns``: what is asked inside is only a part of an answer."""
        before = self._quiet, self._warns
        self._quiet, self._warns = True, self._warns and warns
        try:
            yield
        finally:
            self._quiet, self._warns = before

    @contextlib.contextmanager
    def working(self, doing: str) -> Iterator[Callable[[str], None]]:
        """Shows that something is going on, where there is somebody to see it. Call what it yields to tell how far that is."""
        if not self._err.isatty():
            yield lambda _: None
            return
        with self._console.status(self._clean(doing)) as status:
            yield lambda text: status.update(f"{self._clean(doing)}. {self._clean(text)}")

    def check_somebody_is_there(self) -> None:
        """Raises :class:`NotConfirmed` if a question would reach nobody."""
        if not (self._ask.isatty() and self._err.isatty()):
            raise NotConfirmed(
                "Nothing was done: it deletes, and nobody is there to confirm that.",
                cause="This is no terminal, and --yes was not given.",
                remedy="Look at it with --dry-run, and give --yes if it is right.",
            )

    def confirm(self, question: str) -> None:
        """Goes on if a person says yes.

        Raises:
            NotConfirmed: they don't.
        """
        try:
            agreed = click.confirm(self._clean(question), err=True)
        except click.Abort:  # the end of the input
            agreed = False
        if not agreed:
            raise NotConfirmed(
                "Nothing was done.",
                cause="It was not confirmed.",
                remedy="Run it again to be asked again, or give --yes not to be asked.",
            )

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]], *, aside: bool = False) -> None:
        """A table; where it is no terminal that reads it, a line a row. No word is ever broken: an id has to be copied.

        Args:
            columns: their titles, or nothing for a table without.
            aside: it is said along the way, and not the answer.
        """
        file = self._err if aside else self._out
        cells = [[self._clean(cell) for cell in row] for row in rows]
        layout.show(file, columns, cells, styles=_STYLES)

    def line(self, text: str) -> None:
        """A line of an answer for a person."""
        self._out.write(f"{self._clean(text)}\n")

    def json(self, content: Any, *, reveal: bool = False) -> None:
        """An answer for a program.

        Args:
            reveal: whether the secrets in it were asked for.
        """
        self._out.write(f"{json.dumps(content if reveal else self._scrubbed(content), indent=2)}\n")

    def reveal(self, line: str) -> None:
        """A line with a secret in it, that was asked for here."""
        self._out.write(f"{line}\n")

    @functools.cached_property
    def _console(self) -> Console:
        from rich.console import Console

        return Console(file=self._err, highlight=False)

    def _say(self, text: str, style: str = "") -> None:
        line = self._clean(text)
        if self._err.isatty():
            from rich.text import Text

            self._console.print(Text(line, style=style))
        else:
            self._err.write(f"{line}\n")
            self._err.flush()

    def _scrubbed(self, content: Any) -> Any:
        if isinstance(content, dict):
            return {key: self._scrubbed(value) for key, value in content.items()}
        if isinstance(content, list):
            return [self._scrubbed(value) for value in content]
        return self.scrub(content) if isinstance(content, str) else content

    def _clean(self, text: str) -> str:
        """One line, no secret, nothing that a terminal would take for a command."""
        return _CONTROL.sub(" ", self.scrub(text))
