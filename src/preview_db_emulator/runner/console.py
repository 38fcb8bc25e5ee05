"""A step's output as GitHub's runner reads it: workflow commands are carried out, all else is shown, masked.

Written after https://github.com/actions/runner, ActionCommandManager.cs and ExecutionContext.cs, its words of refusal included.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .commands import Command, parse_command
from .masker import Masker
from .problem_matchers import ProblemMatcher, read_matchers

_MOST_ANNOTATIONS = 10  # of a level and step
_LONGEST_MESSAGE = 4096  # characters
_SHORTEST_HIDDEN_TOKEN = 7  # characters of a token that stops commands
_NEVER_ECHOED = ("debug", "error", "warning", "notice", "add-mask")
_BLOCKED = "NODE_OPTIONS"
_DEPRECATED = (
    "The `{0}` command is deprecated and will be disabled soon. Please upgrade to using Environment Files. For more information see: "
    "https://github.blog/changelog/2022-10-11-github-actions-deprecating-save-state-and-set-output-commands/"
)
_DISABLED = (
    "The `{0}` command is disabled. Please upgrade to using Environment Files or opt into unsecure command execution by setting the "
    "`ACTIONS_ALLOW_UNSECURE_COMMANDS` environment variable to `true`. For more information see: "
    "https://github.blog/changelog/2020-10-01-github-actions-deprecating-set-env-and-add-path-commands/"
)
_BAD_TOKEN = (
    "You cannot use a endToken that is an empty string, the string 'pause-logging', or another workflow command. For more information see: "
    "https://docs.github.com/actions/learn-github-actions/workflow-commands-for-github-actions"
    "#example-stopping-and-starting-workflow-commands or opt into insecure command execution by setting the "
    "`ACTIONS_ALLOW_UNSECURE_STOPCOMMAND_TOKENS` environment variable to `true`."
)


@dataclass(frozen=True)
class Annotation:
    """What a step told about itself with ``::error::``, ``::warning::`` or ``::notice::``."""

    level: str
    message: str
    title: str = ""
    """As the step wrote it: the runner masks messages and nothing else of an annotation."""


@dataclass
class Console:
    """Reads a step's lines.

    Attributes:
        on_disk: says where on this machine a file is that the step names.
        unsecure: whether the step's ``env`` allows ``set-env`` and ``add-path``.
        refusals: what could not be processed, in the runner's words; one is enough to fail the step.
    """

    masker: Masker
    on_disk: Callable[[str], Path]
    debug: bool = False
    unsecure: bool = False
    log: list[str] = field(default_factory=list)
    masks: list[str] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    state: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    path: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._carried_out: Mapping[str, Callable[[Command], None]] = {
            **dict.fromkeys(("error", "warning", "notice"), self._annotate),
            **dict.fromkeys(("group", "endgroup"), self._group),
            "add-mask": self._add_mask,
            "add-matcher": self._add_matcher,
            "add-path": self._add_path,
            "debug": lambda command: self._debug(command.data),
            "echo": self._set_echo,
            "remove-matcher": self._remove_matcher,
            "save-state": self._save_state,
            "set-env": self._set_env,
            "set-output": self._set_output,
        }
        self._names = {"stop-commands", *self._carried_out}
        self._echo = self.debug
        self._stopped_by: str | None = None
        self._issues: list[Annotation] = []
        self._matchers: list[ProblemMatcher] = []
        self._lock = threading.Lock()

    def feed(self, line: str) -> None:
        """Take a line of output, without its end."""
        with self._lock:  # two streams, two threads
            command = parse_command(line, self._names)
            if command is None or not self._process(command, line):
                self._print(line)

    def annotate(self, level: str, message: str, title: str = "", shown: str | None = None) -> None:
        """Add an annotation, and show it or ``shown``. No more than ten of a level are kept, and none without a message."""
        annotation = Annotation(level, self.masker(message)[:_LONGEST_MESSAGE], title)
        if sum(issue.level == level for issue in self._issues) < _MOST_ANNOTATIONS:
            self._issues.append(annotation)
            if annotation.message.strip():
                self.annotations.append(annotation)
        if text := shown or annotation.message:
            self._show(f"##[{level}]{text}")

    def refuse(self, *messages: str) -> None:
        """Fail the step, and say why."""
        for message in messages:
            self.refusals.append(message)
            self.annotate("error", message)

    def set_output(self, name: str, value: str) -> None:
        """Raises ValueError without a name."""
        if not name:
            raise ValueError("Value cannot be null. (Parameter 'name')")
        self.outputs[name] = value
        self._debug(f"Set output {name} = {value}")

    def save_state(self, name: str, value: str) -> None:
        self.state[name] = value
        self._debug(f"Save intra-action state {name} = {value}")

    def export(self, name: str, value: str, refusal: str = f"Can't store {_BLOCKED} output parameter using '$GITHUB_ENV' command.") -> None:
        """Set a variable for the steps that follow; one of them can't be set, which fails nothing."""
        if name.upper() == _BLOCKED:
            self.annotate("error", refusal)
            return
        self.environment[name] = value
        self._debug(f"{name}='{value}'")

    def add_path(self, folder: str) -> None:
        self.path = [*(known for known in self.path if known != folder), folder]

    def _process(self, command: Command, line: str) -> bool:
        """Whether the line was a command; while commands are stopped, only the one that lets them go on is."""
        if self._stopped_by is not None:
            if command.name != self._stopped_by:
                return False
            self._show(line)
            self._names.remove(self._stopped_by)
            self._stopped_by = None
        elif command.name == "stop-commands":
            self._stop(command.data, line)
        else:
            if self._echo and command.name not in _NEVER_ECHOED:
                self._show(line)
            try:
                self._carried_out[command.name](command)
            except (ValueError, OSError) as error:
                shown = command.name if command.name in _NEVER_ECHOED else line
                self.refuse(f"Unable to process command '{shown}' successfully.", str(error))
        return True

    def _stop(self, token: str, line: str) -> None:
        if token.lower() in {"", "pause-logging", *self._names}:
            self.refuse(_BAD_TOKEN)
            return
        self._stopped_by = token.lower()
        self._names.add(self._stopped_by)
        if len(token) >= _SHORTEST_HIDDEN_TOKEN:
            self.masker.add(token)
        self._show(line)

    def _annotate(self, command: Command) -> None:
        self.annotate(command.name, command.data, command.properties.get("title", ""))

    def _group(self, command: Command) -> None:
        self._show(f"##[{command.name}]{command.data if command.name == 'group' else ''}")

    def _add_mask(self, command: Command) -> None:
        if not command.data.strip():
            self.annotate("warning", "Can't add secret mask for empty string in ##[add-mask] command.")
            return
        if self._echo:
            self._show("::add-mask::***")
        self.masks.append(command.data)
        self.masker.add(command.data)

    def _add_matcher(self, command: Command) -> None:
        if not command.data:
            self.annotate("warning", "File path must be specified.")
            return
        added = read_matchers(self.on_disk(command.data))
        self._remove(matcher.owner for matcher in added)
        self._matchers = [*added, *self._matchers]

    def _remove_matcher(self, command: Command) -> None:
        owner, file = command.properties.get("owner", ""), command.data
        if owner and file:
            told = "Either specify an owner name or a file path in ##[remove-matcher] command. Both values cannot be set."
            self.annotate("warning", told)
        elif owner:
            self._remove([owner])
        elif file:
            self._remove(matcher.owner for matcher in read_matchers(self.on_disk(file)))
        else:
            self.annotate("warning", "Either an owner name or a file path must be specified in ##[remove-matcher] command.")

    def _remove(self, owners: Iterable[str]) -> None:
        gone = {owner.lower() for owner in owners}
        self._matchers = [matcher for matcher in self._matchers if matcher.owner.lower() not in gone]

    def _set_echo(self, command: Command) -> None:
        value = command.data.strip().lower()
        if not command.data:
            raise ValueError("Value cannot be null. (Parameter 'value')")
        if value not in ("on", "off"):
            raise ValueError(f"Invalid echo command value. Possible values can be: 'on', 'off'. Current value is: '{command.data}'.")
        self._echo = value == "on"

    def _set_output(self, command: Command) -> None:
        self.annotate("warning", _DEPRECATED.format(command.name))
        self.set_output(_name(command), command.data)

    def _save_state(self, command: Command) -> None:
        self.annotate("warning", _DEPRECATED.format(command.name))
        self.save_state(_name(command), command.data)

    def _set_env(self, command: Command) -> None:
        self._must_be_allowed(command)
        self.export(_name(command), command.data, f"Can't update {_BLOCKED} environment variable using ::set-env:: command.")

    def _add_path(self, command: Command) -> None:
        self._must_be_allowed(command)
        if not command.data:
            raise ValueError("Value cannot be null. (Parameter 'path')")
        self.add_path(command.data)

    def _must_be_allowed(self, command: Command) -> None:
        if not self.unsecure:
            raise ValueError(_DISABLED.format(command.name))

    def _print(self, line: str) -> None:
        """Show a line that is no command, unless a problem matcher makes an annotation of it."""
        # The runner's own marks, which nobody else may set.
        line = line.replace("##[start-action", "##[\\start-action").replace("##[end-action", "##[\\end-action")
        plain = re.sub(r"\x1b\[[0-9;]*m?", "", line)
        for matcher in self._matchers:
            found = matcher.match(plain)
            if found is None:
                continue
            for other in self._matchers:
                if other is not matcher:
                    other.reset()
            level = found["severity"].lower()
            if found["message"].strip() and level in ("error", "warning", "notice"):
                self.annotate(level, found["message"], shown=plain)
                return
        self._show(line)

    def _debug(self, text: str) -> None:
        if self.debug:
            for line in re.split(r"\r\n|\n", text):
                self._show(f"##[debug]{line}")

    def _show(self, text: str) -> None:
        self.log.extend(self.masker(text).split("\n"))


def _name(command: Command) -> str:
    if not (name := command.properties.get("name", "")):
        raise ValueError(f"Required field 'name' is missing in ##[{command.name}] command.")
    return name
