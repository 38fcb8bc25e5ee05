"""How a table is laid out: in columns where they fit, else a block a row. Words are never broken, since ids are there to be copied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TextIO

_BETWEEN = 3  # cells between two columns: a space, the box's divider, a space
_WIDE = 100_000  # columns of what is no terminal: nothing is wrapped that a program may read


def show(file: TextIO, columns: Sequence[str], rows: Sequence[Sequence[str]], *, styles: Mapping[str, str]) -> None:
    """Prints a table.

    Args:
        columns: their titles, or nothing for a table without.
        styles: how a cell with exactly this text looks.
    """
    from rich import box  # here, since --json needs none of it
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    def text(cell: str) -> Text:
        return Text(cell, style=styles.get(cell, ""))

    on_terminal = file.isatty()
    console = Console(file=file, highlight=False, width=None if on_terminal else _WIDE)
    fitting = widths([columns, *rows] if columns else rows, console.width)
    if fitting is None:
        for row in rows:
            for line in _block(columns, row):
                console.print(text(line), soft_wrap=True)
        return
    table = Table(box=box.SIMPLE_HEAD if on_terminal else None, show_header=bool(columns), show_edge=False, pad_edge=False)
    for number, width in enumerate(fitting):
        table.add_column(columns[number] if columns else "", width=width)
    for row in rows:
        table.add_row(*map(text, row))
    console.print(table)


def widths(rows: Sequence[Sequence[str]], available: int) -> list[int] | None:
    """How wide each column is, if all are to fit into ``available`` cells with no word broken; none if they can't."""
    from rich.cells import cell_len  # as above

    columns = list(zip(*rows, strict=True))
    wanted = [max(map(cell_len, column)) for column in columns]
    least = [max(cell_len(word) for cell in column for word in (cell.split() or [""])) for column in columns]
    room = available - _BETWEEN * (len(columns) - 1)
    if sum(least) > room:
        return None
    while sum(wanted) > room:
        widest = max((number for number, width in enumerate(wanted) if width > least[number]), key=wanted.__getitem__)
        wanted[widest] -= 1
    return wanted


def _block(columns: Sequence[str], row: Sequence[str]) -> list[str]:
    """A row as lines of their own: what it is of, then a fact a line. Without titles, the first cell is one."""
    if not columns:
        return [f"{row[0]}  {' '.join(row[1:])}"]
    first, *rest = row
    longest = max(map(len, columns))
    return [first, *(f"  {title:<{longest}}  {cell}" for title, cell in zip(columns[1:], rest, strict=True) if cell)]
