"""What every Hydra command shares: help that opens at once, errors in one line, nothing heavy imported early."""

from __future__ import annotations

import difflib
import os
import re
import sys
import textwrap
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lmstudy.commands.arguments import is_text, no_argument, not_a_config, options_first
from lmstudy.commands.language import purpose
from lmstudy.commands.streams import leave_quietly
from lmstudy.compose import (
    documented_keys,
    group_choices,
    group_defaults,
    no_such_choice,
    none_as_choice,
    of_another_kind,
    offer_none,
    search_path,
    settled_as_typed,
    unknown_key,
)
from lmstudy.errors import StudyError
from lmstudy.overrides import as_typed
from lmstudy.terminal import said
from lmstudy.waiting import NO_WAIT

if TYPE_CHECKING:  # help need not wait for it
    from lmstudy.commands.sweep import Objective
    from lmstudy.runs.records import Record


@dataclass(frozen=True)
class Command:
    """A command line over a configuration in `lmstudy.conf`.

    Attributes:
        config: name of the root configuration; the user types `lmstudy-CONFIG`.
        purpose: what it does, in a sentence or two.
        task: called with the resolved configuration; imports what it needs itself; returns the record, if any.
        examples: (command line, what it does).
        objective: from the resolved configuration to what a sweeper that searches makes better; None: nothing.
    """

    config: str
    purpose: str
    task: Callable[[dict[str, Any]], Any]
    examples: tuple[tuple[str, str], ...]
    objective: Callable[[dict[str, Any]], Objective] | None = None

    @property
    def name(self) -> str:
        return f"lmstudy-{self.config}"

    def main(self) -> None:
        """Entry point. Exits with 1 after one line on stderr when the user can put something right."""
        arguments = sys.argv[1:] = options_first(sys.argv[1:])
        if "--help" in arguments or "-h" in arguments:
            _print(self.name, self.help(arguments))
            return
        if "--no-wait" in arguments:
            arguments = [argument for argument in arguments if argument != "--no-wait"]
            os.environ[NO_WAIT] = "1"
        if problem := no_argument(arguments):
            fail(self.name, problem)
        for argument in arguments:
            if not is_text(argument):
                encoding = sys.getfilesystemencoding()
                why = f"is no text in {encoding}: rename it, or set PYTHONUTF8=1 where a terminal is not UTF-8"
                fail(self.name, f"{argument!a} {why}")
            key, _, value = argument.partition("=")
            if value == "{}" and not key.startswith("+"):  # Hydra merges nothing into what is there, and says nothing
                why = f"changes nothing; ~{key} leaves the key out, {key}.NAME=VALUE changes a part"
                fail(self.name, f"{argument}: {why}")
        try:
            arguments = sys.argv[1:] = self._in_grammar(arguments)
            self._run()
        except KeyboardInterrupt as error:
            told = str(error) or "interrupted; the same command goes on from the last checkpoint"
            fail(self.name, told, status=130)
        except BrokenPipeError:
            leave_quietly()
        except Exception as error:
            if (line := self._line(error, arguments)) is None:
                raise
            fail(self.name, line)

    def _line(self, error: Exception, arguments: list[str]) -> str | None:
        """What the user can put right, in a line; None for what is a fault of this package."""
        if isinstance(error, StudyError):
            several = [each for each in arguments if "," in each and f"{each}: input should be" in str(error)]
            return f"{error}; several values are a sweep: add -m" if several else str(error)
        unnamed = isinstance(error, UnicodeDecodeError) or "Invalid loaded object" in str(error)
        if unnamed and (line := not_a_config(arguments)):
            return line
        if {type(error).__module__.split(".")[0], _raised_in(error)} & {"hydra", "omegaconf"}:  # some are OSErrors, too
            return self._explain(error, arguments)
        if type(error).__module__.split(".")[0] == "yaml":  # which names the file
            return " ".join(str(error).split())
        if isinstance(error, OSError):
            return said(error)
        if "torch" in sys.modules:  # else nothing large was asked for
            from lmstudy.training.allocator import memory_error

            return str(told) if (told := memory_error(error, "this")) else None
        return None

    def _run(self) -> None:
        import hydra
        from hydra.core.hydra_config import HydraConfig
        from hydra.types import RunMode
        from omegaconf import DictConfig, OmegaConf

        from lmstudy.commands.sweep import Outcome, check_direction, tell, watched
        from lmstudy.config import ROOTS, check

        offer_none(self.config)
        os.environ["HYDRA_FULL_ERROR"] = "1"  # exceptions come to us instead of being printed by Hydra

        @hydra.main(config_path="pkg://lmstudy.conf", config_name=self.config, version_base="1.3")
        def run(config: DictConfig) -> Any:
            known = HydraConfig.get()
            if known.mode != RunMode.MULTIRUN:
                try:
                    self._job(checked(config))
                except Exception as error:
                    alone.append(error)  # raised below: within the job, Hydra would print it as well
                return None
            overrides = list(known.overrides.task)
            try:
                values = checked(config)
                objective = self.objective(values) if self.objective else None
            except Exception as error:
                return self._failed(error, overrides)
            check_direction(self.name, objective, known.sweeper)
            try:
                record, made = self._job(values)
                value = objective.of(record) if objective else None
                state: Any = "done" if made or record is None else "reused"
                return Outcome(state, value, objective.metric if objective else "")
            except Exception as error:
                return self._failed(error, overrides)

        def checked(config: DictConfig) -> Any:
            missing = sorted(OmegaConf.missing_keys(config))
            if missing:
                raise StudyError(f"{missing[0]} must be given: {missing[0]}=VALUE")
            OmegaConf.resolve(config)
            values: Any = OmegaConf.to_container(config)
            known = HydraConfig.get()
            own = [one.path for one in known.runtime.config_sources if one.provider not in ("hydra", "main", "schema")]
            values = settled_as_typed(self.config, values, list(known.overrides.task), own)
            if self.config in ROOTS:  # before the heavy imports: a slip of the pen is reported at once
                check(ROOTS[self.config], values)
            return values

        alone: list[Exception] = []
        with watched() as sweep:
            try:
                run()
            finally:
                if sweep.begun:
                    tell(self.name, sweep)
        if alone:
            raise alone[0]
        if sweep.failed:
            raise SystemExit(1)
        if sweep.asked and not sweep.begun:
            raise StudyError("this sweep has no job: one of its lists of values is empty")

    def _job(self, values: dict[str, Any]) -> tuple[Any, bool]:
        """The record that the task leaves, if it does, and whether it was made now."""
        record = self.task(values)
        if record is None:
            return None, False
        from lmstudy.runs.lifecycle import made_here

        return record, made_here(record.id)

    def _failed(self, error: Exception, overrides: list[str]) -> Any:
        """A job that failed, told now with what it was asked; its traceback, where the fault is not the user's."""
        from lmstudy.commands.sweep import Outcome

        line = str(error) if isinstance(error, StudyError) else self._line(error, overrides)
        if line is None:
            traceback.print_exception(error)
            line = f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}"
        print(f"{self.name}: {line} (of {' '.join(overrides)})", file=sys.stderr, flush=True)
        return Outcome("failed", reason=line)

    def _in_grammar(self, arguments: Sequence[str]) -> list[str]:
        """Arguments so that Hydra reads what was typed."""
        sweep, groups = bool({"-m", "--multirun"} & {*arguments}), group_defaults(self.config)
        found = []
        for argument in arguments:
            key, _, value = argument.partition("=")
            if not sweep and key in groups and "," in value:
                raise StudyError(f"{argument}: several choices are a sweep; add -m")
            group = key.removeprefix("~")  # ~GROUP leaves it out, too, whatever an experiment says
            typed = f"{group}=null" if group != key and group in groups else argument
            found.append(none_as_choice(self.config, as_typed(typed, sweep)))
        return found

    def help(self, arguments: Sequence[str] = ()) -> str:
        """Text of --help, from the comments of the YAML files, with the keys of each GROUP=CHOICE that is named."""
        groups = group_defaults(self.config)
        lines = [purpose(self.name, self.purpose), "", f"usage: {self.name} [-m] [GROUP=CHOICE] [KEY=VALUE] ...", ""]
        for group, default in groups.items():
            choices = {f"{group}={name}": text for name, text in group_choices(group).items()}
            if f"{group}={default}" in choices:
                choices[f"{group}={default}"] += " (default)"
            lines += _section(group, choices)
        lines += _section("keys", documented_keys(self.config))
        for group, _, choice in (argument.partition("=") for argument in arguments):
            if group in groups and choice in group_choices(group):
                keys = documented_keys(f"{group}/{choice}")
                lines += _section(f"keys of {group}={choice}", {f"{group}.{key}": text for key, text in keys.items()})
        lines += ["", "examples:", *(f"  {text}\n      {what}" for text, what in self.examples)]
        lines += ["", "-m runs every combination of comma-separated values (a sweep); finished runs are not repeated."]
        lines += ["--no-wait: stop at once where another process works on the same; else it is waited for."]
        if groups:
            lines += [
                "Any key of a group can be set, too: GROUP=CHOICE --help lists those of a choice with what they mean,",
                "--cfg job prints the whole configuration; --hydra-help lists Hydra's own options.",
            ]
        return "\n".join(lines)

    def _explain(self, error: Exception, arguments: list[str]) -> str:
        """Hydra's message in one line, with the keys or choices that exist."""
        text = " ".join(line.strip() for line in str(error).splitlines() if line.strip())
        if line := no_such_choice(text):
            group, _, name = line.partition(": ")[0].rpartition("=")
            return line + _plugins(group, name)
        if unread := re.match(
            r"Error parsing override '(.*?)' (?:extraneous|mismatched|token|no viable|missing)", text
        ):
            return f"{unread[1]}: cannot be read; values of a sweep stand between commas, as in seed=1,2"
        if "does not support sweep type" in text:
            typed = "".join(f"{each}: " for each in arguments if re.search(r"=(interval|tag)\(", each))
            return f"{typed}is for hydra/sweeper=optuna, which searches; values of a sweep stand between commas"
        if line := of_another_kind(error):
            return line
        if kept := re.match(r"Could not delete from config\. The value of '(\S+)' is (.*) and not (.*)\.$", text):
            return f"~{kept[1]}={kept[3]}: its value is {kept[2]}; ~{kept[1]} alone leaves the key out"
        key = unknown_key(error)
        if text.startswith("Error merging override ") and error.__cause__:  # says of what, and its cause why
            why = str(error.__cause__).splitlines()[0]
            return f"{text.removeprefix('Error merging override ')}: {why[0].lower()}{why[1:]}"
        if key is None:
            return re.sub(r"(.*) full_key: (\S+)( object_type=\w+)?$", r"\2: \1", text)
        if key.startswith("hydra."):  # what plugins pass on to others is no key before it is there
            return f"{key}: not among Hydra's keys; where a launcher or sweeper passes it on, write +{key}=VALUE"
        keys = self._keys_beside(key, arguments)
        hint = "".join(f"did you mean {close}? " for close in difflib.get_close_matches(key, keys, 1))
        return f"{key}: unknown key" + (f"; {hint}choose from {', '.join(keys)}" if keys else "")

    def _keys_beside(self, key: str, arguments: list[str]) -> list[str]:
        from hydra import compose, initialize_config_module
        from omegaconf import DictConfig, OmegaConf

        known = group_defaults(self.config)
        groups = [a for a in arguments if re.fullmatch(r"[\w/]+=\w+", a) and a.split("=")[0] in known]
        with initialize_config_module("lmstudy.conf", version_base="1.3"):
            node: Any = compose(self.config, [*search_path(arguments), *groups])
        path: list[str] = []
        for part in key.split(".")[:-1]:
            child = OmegaConf.select(node, part)
            if not isinstance(child, DictConfig):
                break
            node, path = child, [*path, part]
        return [".".join([*path, str(name)]) for name in node if name != "_target_"]


def with_measure(config: Mapping[str, Any], make: Callable[[], Record]) -> Record:
    """The record of a training that `make` leaves; the measure that the command line names beside it is taken, too.

    Raises:
        StudyError: this measure cannot be, or is of no training: told before anything is made.
    """
    if not config.get("measure"):
        return make()
    from lmstudy.config import build

    measure = build(config["measure"], "measure")
    if measure.kind != "train":
        raise StudyError(f"measure={measure.name} is taken of a fine-tuning: lmstudy-evaluate run=ID measure=...")
    record = make()
    from lmstudy.measures.evaluate import evaluate

    asked = {"run": record.id, "measure": config["measure"], "runs": config["runs"]}
    evaluate({**asked, "data": None, "split": "valid", "documents": None})
    return record


def _raised_in(error: Exception) -> str:
    """The package whose code raised an error; nothing of one that was never raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]


def _print(command: str, text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:
        leave_quietly()
    except OSError as error:
        fail(command, said(error))


def _plugins(group: str, name: str) -> str:
    """How a launcher or sweeper is installed that is not."""
    extras = {"hydra/launcher": ("joblib", "submitit", "ray"), "hydra/sweeper": ("optuna",)}.get(group, ())
    asked = [each for each in extras if name.startswith(each)] or list(extras)
    return "".join(f"; pip install 'lmstudy[{each}]' brings {each}" for each in asked)


def fail(command: str, message: str, status: int = 1) -> None:
    """One line on stderr, then out."""
    print(f"{command}: {message}", file=sys.stderr)
    raise SystemExit(status)


def _section(title: str, entries: Mapping[str, str]) -> list[str]:
    """A title, and a line or more for each entry and what it means."""
    lines = [f"{title}:"] if entries else []
    for entry, text in entries.items():
        first = f"  {entry:<28} "
        lines += textwrap.wrap(text, 110, initial_indent=first, subsequent_indent=" " * 31) or [first.rstrip()]
    return lines
