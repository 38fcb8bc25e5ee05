"""The image's part of the page: what a runner that has nothing yet downloads, and how soon the step's first requests are out."""

from __future__ import annotations

import gzip
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from preview_db_emulator.client import SERVER_URL
from preview_db_emulator.runner.runner import Runner
from tests.drivers.workflow import ACTION


def page(images: Sequence[str], *, times: int, root: Path, payload: dict[str, Any]) -> str:
    """Each of ``images`` is ``BASE=TAG``, or a tag alone, whose base is not to be had."""
    lines = []
    for image in images:
        base, _, tag = image.partition("=")
        starts = statistics.median(_first_line(tag or base, root, payload) for _ in range(times))
        before = f"{_compressed(base) / 1e6:.0f} MB" if tag else ""
        lines.append(f"| `{base if tag else 'unknown'}` | {before} | {_compressed(tag or base) / 1e6:.0f} MB | {starts * 1000:.0f} ms |")
    if not lines:
        lines = ["| none was given | | | |"]
    return "\n".join(
        [
            "## The image\n",
            "What a runner that has nothing yet downloads (compressed as `docker save | gzip` does), beside the base that it is made of,",
            "of which it keeps only what a step can come by; and the time from `docker run` to the first line of its log, by which the",
            "first requests are out. A base that is not in the table was not to be had where this was measured.\n",
            "| Base | The base, compressed | The image, compressed | First request |",
            "|---|---|---|---|",
            *lines,
        ]
    )


def _first_line(image: str, root: Path, payload: dict[str, Any]) -> float:
    """Seconds to the first line of the log, by which the first requests are out."""
    url = "http://127.0.0.1:9"
    runner = Runner(root=root / f"image-{time.time_ns()}", api_url=url, server_url=SERVER_URL, token="ghs_x", action=ACTION, image=image)
    started = time.perf_counter()
    inputs = {"service_token": "abc", "project": "proj_abc"}
    step = runner.start([], event="pull_request", payload=payload, inputs=inputs, env={"PRISMA_MANAGEMENT_API_URL": url})
    while not step.log:
        assert step.process.poll() is None, "it ended without a word"
        time.sleep(0.001)
    seconds = time.perf_counter() - started
    step.kill()
    return seconds


def _compressed(image: str) -> int:
    """Bytes."""
    with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as saving, tempfile.TemporaryFile() as file:
        assert saving.stdout is not None
        with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=6) as compressed:
            shutil.copyfileobj(saving.stdout, compressed, 1024 * 1024)
        if saving.wait():
            sys.exit(f"'docker save {image}' failed: is there an engine, and does it have that image?")
        return file.tell()
