"""Front door 2: a terminal. Options in, exit code out; all that takes time to import is imported by the command that needs it."""

from __future__ import annotations

import importlib.util
import os
import sys
import traceback
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

try:
    import click

    if importlib.util.find_spec("rich") is None:  # imported only where a table is shown
        raise ImportError
except ImportError:  # the action's image leaves the terminal's libraries out
    sys.exit("preview-db: the command line needs its extra. Install it with: pip install 'preview-db[cli]'")

from .. import __version__, startup
from ..errors import Cancelled, InvalidInput, PreviewError
from ..interrupts import Interrupts
from .options import (
    ABOUT_ONE,
    ABOUT_PROJECT,
    COMMENT,
    DATABASE_ID,
    DRY_RUN,
    FORKS,
    HANDING_OVER,
    INSIDE,
    JUDGING,
    MAKING,
    MANY,
    MIGRATIONS,
    REPOSITORIES,
    SCHEMA_DIFF,
    YES,
    together,
)

if TYPE_CHECKING:
    from .console import Terminal

_NO_INPUTS = ("repo", "repo_id", "as_json", "yes", "comment", "export", "env_file", "show_secrets", "everything")
_COMMANDS = {"list": "plan", "migrate": "connect", "diff": "connect"}
"""What a command is to the engine, where that has another word for it."""
_EPILOG = """\b
Environment:
  PRISMA_SERVICE_TOKEN   the service token of your Prisma workspace
  PRISMA_PROJECT_ID      the project, where --project does not say
  CLOUDFLARE_API_TOKEN   a token that may edit Hyperdrive, for --hyperdrive
  CLOUDFLARE_ACCOUNT_ID  the account for it
  GH_TOKEN, GITHUB_TOKEN what GitHub is asked with

\b
Exit codes:
  0    done, or nothing to do
  1    failed; for doctor: a check failed
  2    wrong usage, or it can't be told what is meant
  3    there is no such preview, or the pull request was closed meanwhile
  4    refused: not confirmed, or an answer was not about what was asked
  130  stopped by a signal

Repository, pull request and branch are taken from the git checkout and the CI system where they can be told.
"""

_COMPLETION = """\b
bash: preview-db completion bash > ~/.local/share/bash-completion/completions/preview-db
zsh:  preview-db completion zsh > "${fpath[1]}/_preview-db"
fish: preview-db completion fish > ~/.config/fish/completions/preview-db.fish
"""


class _Commands(click.Group):
    """The commands, those of the emulator among them. Its package is an extra, and is loaded only when one of them is asked for."""

    _EMULATOR: ClassVar = {"emulate": "serve", "demo": "demo"}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *self._EMULATOR]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._EMULATOR:
            return super().get_command(ctx, cmd_name)
        try:
            from preview_db_emulator.cli import main as emulator
        except ImportError:
            return _without_emulator(cmd_name)
        return emulator.get_command(ctx, self._EMULATOR[cmd_name])


def _without_emulator(name: str) -> click.Command:
    """What stands for a command of the emulator where that is not installed."""

    def missing(**_: object) -> NoReturn:
        raise click.ClickException(f"'{name}' needs the emulator. Install it with: pip install 'preview-db[cli,emulator]'")

    settings = {"ignore_unknown_options": True, "allow_extra_args": True}
    return click.Command(name, callback=missing, context_settings=settings, short_help="Not installed: needs the extra 'emulator'.")


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=_EPILOG)
@click.version_option(__version__, prog_name="preview-db")
def main() -> None:
    """A Prisma Postgres database for every pull request."""


@main.command("list")
@together(ABOUT_PROJECT, JUDGING, MANY)
def list_(**options: Any) -> None:
    """List the previews there are, and what a sweep would take."""
    _carry_out("list", options)


@main.command()
@together(ABOUT_ONE, ABOUT_PROJECT, FORKS, MAKING, INSIDE, HANDING_OVER, DRY_RUN, COMMENT)
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
@together(ABOUT_ONE, ABOUT_PROJECT, FORKS, MAKING, INSIDE, HANDING_OVER, DRY_RUN, YES, COMMENT)
def reset(**options: Any) -> None:
    """Replace a preview by a new, empty one."""
    _carry_out("reset", options)


@main.command()
@together(ABOUT_ONE, DATABASE_ID, ABOUT_PROJECT, MIGRATIONS, SCHEMA_DIFF)
def migrate(**options: Any) -> None:
    """Apply what is pending of a folder of migrations to a preview there is."""
    if not options["migrations"]:
        raise click.UsageError("Give --migrations, the folder they are in.")
    _carry_out("migrate", options)


@main.command()
@together(ABOUT_ONE, DATABASE_ID, ABOUT_PROJECT)
def diff(**options: Any) -> None:
    """Say how a preview's schema differs from what it was cloned from."""
    _carry_out("diff", options)


@main.command()
@together(ABOUT_ONE, DATABASE_ID, ABOUT_PROJECT, DRY_RUN, YES, COMMENT)
def delete(**options: Any) -> None:
    """Delete a preview with its data and its credentials."""
    _carry_out("delete", options)


@main.command()
@together(ABOUT_PROJECT, JUDGING, MANY, DRY_RUN, YES, COMMENT)
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
@REPOSITORIES
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
        raise AssertionError(f"click completes for {shell}")
    click.echo(found(main, {}, "preview-db", "_PREVIEW_DB_COMPLETE").source())


def _carry_out(command: str, options: dict[str, Any]) -> NoReturn:
    """Runs the command in ``commands`` and turns what comes of it into an exit code."""
    interrupts = startup.begin()
    try:
        interrupts.reached("before the first step")
        startup.end(_run_command(command, options, interrupts))
    except Exception as error:
        cause = interrupts.cause_of(error)
        if isinstance(cause, InvalidInput):
            raise _usage_error(cause) from None
        if not isinstance(cause, Cancelled):
            raise
        click.echo(f"{cause.what} What was done so far stays; run it again to go on.", err=True)
        sys.exit(cause.exit_code)


def _run_command(command: str, options: dict[str, Any], interrupts: Interrupts) -> int:
    with startup.uncollected(), startup.left_out(*startup.NEVER_USED):
        from .commands import run
        from .commands.session import Asked
        from .console import Terminal

    _check_usage(options)
    if (options.get("export") or options.get("env_file")) and not options["connections"]:
        options["connections"] = ("app=DATABASE_URL",)
    terminal = Terminal()
    try:
        asked = Asked(command=command, inputs=_inputs(command, options), **{name: options[name] for name in _NO_INPUTS if name in options})
        return run(asked, os.environ, terminal, interrupts)
    except (InvalidInput, Cancelled, BrokenPipeError):
        raise  # the last for click, which ends quietly: whoever read along has seen enough
    except Exception as error:
        if interrupts.cause_of(error) is not error:
            raise
        failure = error if isinstance(error, PreviewError) else _defect(error, terminal)
        terminal.error(failure)
        return failure.exit_code


def _defect(error: Exception, terminal: Terminal) -> PreviewError:
    """The last line of defence: where it was, and a sentence."""
    for line in "".join(traceback.format_exception(error)).splitlines():
        terminal.info(line)
    what = f"preview-db failed in a way it should not ({type(error).__name__})."
    return PreviewError(what, cause="This is a defect in preview-db.", remedy="Report it with the lines above; no secret is in them.")


def _check_usage(options: dict[str, Any]) -> None:
    """Raises :class:`click.UsageError` for options that contradict each other: none is passed over in silence."""
    scopes = {"--pr": "pr", "--branch": "branch", "--database-id": "database_id", "--all": "everything"}
    about = [option for option, name in scopes.items() if options.get(name)]
    if len(about) > 1:
        raise click.UsageError(f"{' and '.join(about)} can't both say what it is about.")
    if options.get("key") and about and about[0] in ("--database-id", "--all"):
        raise click.UsageError(f"--key says nothing beside {about[0]}.")
    if options["as_json"] and options.get("export"):
        raise click.UsageError("--json and --export both want standard output.")
    if options.get("dry_run") and options.get("export"):
        raise click.UsageError("--dry-run has nothing to --export.")


def _inputs(command: str, options: dict[str, Any]) -> dict[str, str]:
    """The options as the action's inputs: the rest is the same from there on."""
    given = {name: value for name, value in options.items() if name not in _NO_INPUTS and value not in (None, ())}
    words: dict[str, str] = {"command": _COMMANDS.get(command, command)}
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
