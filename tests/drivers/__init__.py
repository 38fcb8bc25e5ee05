"""Whoever acts in a test: a workflow and its pull requests, a person at a terminal, an emulator, a server that lies."""

import os
from pathlib import Path

PACE = {"PREVIEW_DB_PACE": "0.12"}
"""In the environment of every run: pauses between two attempts are an eighth of what they are for users."""

MEASURED = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_PROCESS_")}
"""What makes a process count for `make coverage`; nothing without it."""

IMAGE = {"PYTHONPATH": str(Path(__file__).with_name("as_in_the_image"))}
"""In the environment of every step: see there."""
