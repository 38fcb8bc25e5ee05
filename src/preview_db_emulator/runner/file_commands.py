"""The files that a step appends to, and how GitHub's runner reads them once the step has ended.

Written after https://github.com/actions/runner, FileCommandManager.cs.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from .console import Console

FILES = {
    "GITHUB_OUTPUT": "set_output",
    "GITHUB_ENV": "set_env",
    "GITHUB_PATH": "add_path",
    "GITHUB_STATE": "save_state",
    "GITHUB_STEP_SUMMARY": "step_summary",
}
"""The variable that names each file, and what the file's name begins with."""
_SUMMARY_LIMIT = 1024 * 1024


def carry_out(files: Mapping[str, Path], console: Console) -> str:
    """Carry out what a step left in its files, by their variables. Answers the summary, masked, if it is uploaded."""
    for line in re.split(r"\r\n|\r|\n", _text(files["GITHUB_PATH"])):
        if line:
            console.add_path(line)
    _each(_text(files["GITHUB_ENV"]), "env", console.export, console)
    _each(_text(files["GITHUB_STATE"]), "state", console.save_state, console)
    _each(_text(files["GITHUB_OUTPUT"]), "output", console.set_output, console)
    return _summary(files["GITHUB_STEP_SUMMARY"], console)


def parse(text: str) -> Iterator[tuple[str, str]]:
    """Read ``name=value`` and ``name<<DELIMITER`` entries. Raises ValueError, in the runner's words, at a bad one."""
    lines = io.StringIO(text, newline="\n")  # on Linux the runner knows no other line end
    for raw in lines:
        line = raw.removesuffix("\n")
        if not line:
            continue
        heredoc, equals = line.find("<<"), line.find("=")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            yield line[:equals], line[equals + 1 :]
        elif heredoc >= 0:
            name, delimiter = line.split("<<", 1)
            if not name or not delimiter:
                raise ValueError(f"Invalid format '{line}'. Name must not be empty and delimiter must not be empty")
            yield name, _value(lines, delimiter)
        else:
            raise ValueError(f"Invalid format '{line}'")


def _value(lines: Iterator[str], delimiter: str) -> str:
    value = ""
    for line in lines:
        if line.removesuffix("\n") == delimiter:
            return value.removesuffix("\n")
        if not line.endswith("\n"):
            raise ValueError("Invalid value. EOF marker missing new line.")
        value += line
    raise ValueError(f"Invalid value. Matching delimiter not found '{delimiter}'")


def _each(text: str, name: str, take: Callable[[str, str], None], console: Console) -> None:
    """Take entries up to the first that can't be read or taken; that one fails the step."""
    try:
        for key, value in parse(text):
            take(key, value)
    except ValueError as error:
        console.refuse(f"Unable to process file command '{name}' successfully.", str(error))


def _summary(file: Path, console: Console) -> str:
    size = file.stat().st_size
    if size > _SUMMARY_LIMIT:
        console.annotate("error", f"$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k, got {size // 1024}k.")
        return ""
    # Line by line: what is secret as a whole, and has several lines, is masked only because each of its lines is.
    return "".join(f"{console.masker(line)}\n" for line in re.split(r"\r\n|\r|\n", _text(file).removesuffix("\n"))) if size else ""


def _text(file: Path) -> str:
    return file.read_bytes().decode("utf-8", "replace")
