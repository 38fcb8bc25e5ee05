"""English for numbers. Pure."""

from __future__ import annotations


def count(number: int, noun: str) -> str:
    """``1 database``, ``2 databases``, ``0 branches``: a number with its noun, which is given in the singular.

    Of several words the last is the noun (``superseded credential``).
    """
    if number == 1:
        return f"1 {noun}"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{number} {noun[:-1]}ies"
    return f"{number} {noun}{'es' if noun.endswith(('s', 'x', 'z', 'ch', 'sh')) else 's'}"
