"""The exit codes that docs/terminal.md promises, beside 0. Scripts go by them: they stay."""

FAILED, USAGE, NOTHING_THERE, REFUSED, STOPPED = 1, 2, 3, 4, 130
