"""The emulator's command line: ``preview-db-emulator serve`` and ``demo``, which ``preview-db`` offers as ``emulate`` and ``demo``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal

try:
    import click
except ImportError:
    sys.exit("preview-db-emulator: the emulator needs its extra. Install it with: pip install 'preview-db[emulator]'")


class MissingExtra(click.ClickException):
    """A library of the extra is not installed."""

    def __init__(self, error: ImportError) -> None:
        super().__init__(f"This needs the emulator's extra ({error.name} is missing). Install it with: pip install 'preview-db[emulator]'")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Local stand-ins for Prisma's, GitHub's and Cloudflare's APIs, with a real PostgreSQL server behind them."""


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of the APIs; any free one if 0.")
@click.option("--state-dir", type=click.Path(file_okay=False, path_type=Path), help="Keep everything here between two starts.")
@click.option("--latency", "latency_ms", type=click.FloatRange(0), default=0.0, metavar="MS", help="Added to every API request.")
@click.option("--provisioning", "provisioning_s", type=click.FloatRange(0), default=0.0, metavar="S", help="Until a new database is ready.")
@click.option(
    "--cold-start", "cold_start_s", type=click.FloatRange(0), default=0.0, metavar="S", help="From ready until it can be logged in to."
)
@click.option(
    "--list-lag", "list_lag_s", type=click.FloatRange(0), default=0.0, metavar="S", help="Until lists show a database that was created."
)
@click.option(
    "--list-lag-requests", type=click.IntRange(0), default=0, metavar="N", help="Lists that miss a database after it was created."
)
@click.option("--fault-rate", type=click.FloatRange(0, 1), default=0.0, metavar="P", help="Share of requests that fail.")
@click.option("--fault-seed", type=int, default=0, metavar="N", help="Which ones do.")
@click.option("--database-limit", type=click.IntRange(1), metavar="N", help="Databases a workspace may have.")
@click.option(
    "--hyperdrive-limit", type=click.IntRange(0), metavar="N", help="Hyperdrive configurations the account may have.  [default: 25]"
)
@click.option(
    "--no-logical-id",
    "logical_id",
    type=click.Choice(["ignored", "refused"]),
    is_flag=False,
    flag_value="ignored",
    default=None,
    help="A server that does not know logicalId: it ignores the field, or refuses it.",
)
@click.option(
    "--postgres", type=click.Choice(["auto", "system", "wheel"]), default="auto", show_default=True, help="Whose server binaries to use."
)
@click.option(
    "--scram-iterations",
    type=click.IntRange(1),
    metavar="N",
    help="How often a password is hashed: fewer for a quick login.  [default: 4096]",
)
def serve(logical_id: Literal["ignored", "refused"] | None, **options: Any) -> None:
    """Serve local stand-ins for Prisma's, GitHub's and Cloudflare's APIs, with a real PostgreSQL server behind them.

    Prints one line of JSON with all addresses and tokens when everything is ready, then serves until it is interrupted.
    """
    try:
        from .app import Options, run  # here, as below: the help needs none of it
    except ImportError as error:
        raise MissingExtra(error) from None

    sys.exit(run(Options(logical_id=logical_id or "known", **options)))


@main.command()
@click.option("--pause", type=click.FloatRange(0), default=0.0, metavar="S", help="Wait between two events, to read along.")
def demo(pause: float) -> None:
    """Show a pull request's whole life against the emulator, as GitHub would show it."""
    try:
        from .demo import run
    except ImportError as error:
        raise MissingExtra(error) from None

    try:
        sys.exit(run(pause=pause))
    except RuntimeError as error:  # the emulator says what it lacks
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        click.echo("Stopped. Nothing is left running.", err=True)
        sys.exit(130)
