"""What every Hydra command shares: help that opens at once, errors in one line, nothing heavy imported early."""

import difflib
import os
import re
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lmstudy.compose import (
    documented_keys,
    group_choices,
    group_defaults,
    none_as_choice,
    offer_none,
    search_path,
    settled_as_typed,
)
from lmstudy.errors import StudyError
from lmstudy.overrides import as_typed
from lmstudy.waiting import NO_WAIT


@dataclass(frozen=True)
class Command:
    """A command line over a configuration in `lmstudy.conf`.

    Attributes:
        config: name of the root configuration; the user types `lmstudy-CONFIG`.
        purpose: what it does, in a sentence or two.
        task: called with the resolved configuration; imports what it needs itself.
        examples: (command line, what it does).
    """

    config: str
    purpose: str
    task: Callable[[dict[str, Any]], Any]
    examples: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        return f"lmstudy-{self.config}"

    def main(self) -> None:
        """Entry point. Exits with 1 after one line on stderr when the user can put something right."""
        arguments = sys.argv[1:]
        if "--help" in arguments or "-h" in arguments:
            print(self.help(arguments))
            return
        if "--no-wait" in arguments:
            arguments = [argument for argument in arguments if argument != "--no-wait"]
            os.environ[NO_WAIT] = "1"
        for argument in arguments:
            key, _, value = argument.partition("=")
            if value == "{}" and not key.startswith("+"):  # Hydra merges nothing into what is there, and says nothing
                why = f"changes nothing; ~{key} leaves the key out, {key}.NAME=VALUE changes a part"
                fail(self.name, f"{argument}: {why}")
        try:
            arguments = sys.argv[1:] = self._in_grammar(arguments)
            self._run()
        except StudyError as error:
            fail(self.name, str(error))
        except KeyboardInterrupt:
            fail(self.name, "interrupted; the same command goes on from the last checkpoint", status=130)
        except Exception as error:
            if type(error).__module__.split(".")[0] in {"hydra", "omegaconf"}:  # some are OSErrors, too
                fail(self.name, self._explain(error, arguments))
            if not isinstance(error, OSError):
                raise
            fail(self.name, f"{error.filename or ''}: {error.strerror or error}".removeprefix(": "))

    def _run(self) -> None:
        import hydra
        from hydra.core.hydra_config import HydraConfig
        from omegaconf import DictConfig, OmegaConf

        from lmstudy.config import ROOTS, check

        failed = []
        offer_none(self.config)
        os.environ["HYDRA_FULL_ERROR"] = "1"  # exceptions come to us instead of being printed by Hydra

        @hydra.main(config_path="pkg://lmstudy.conf", config_name=self.config, version_base="1.3")
        def run(config: DictConfig) -> Any:
            try:
                missing = sorted(OmegaConf.missing_keys(config))
                if missing:
                    raise StudyError(f"{missing[0]} must be given: {missing[0]}=VALUE")
                OmegaConf.resolve(config)
                values: Any = OmegaConf.to_container(config)
                values = settled_as_typed(self.config, values, list(HydraConfig.get().overrides.task))
                if self.config in ROOTS:  # before the heavy imports: a slip of the pen is reported at once
                    check(ROOTS[self.config], values)
                return self.task(values)
            except StudyError as error:
                if not HydraConfig.get().launcher._target_.endswith("BasicLauncher"):
                    raise  # the job runs elsewhere: only an exception finds its way back
                print(f"{self.name}: {error}", file=sys.stderr)  # now, and the other runs of a sweep go on
                failed.append(error)

        run()
        if failed:
            raise SystemExit(1)

    def _in_grammar(self, arguments: Sequence[str]) -> list[str]:
        """Arguments so that Hydra reads what was typed."""
        sweep = bool({"-m", "--multirun"} & {*arguments})
        for argument in arguments:
            key, _, value = argument.partition("=")
            if not sweep and key in group_defaults(self.config) and "," in value:
                raise StudyError(f"{argument}: several choices are a sweep; add -m")
        return [none_as_choice(self.config, as_typed(argument, sweep)) for argument in arguments]

    def help(self, arguments: Sequence[str] = ()) -> str:
        """Text of --help, from the comments of the YAML files, with the keys of each GROUP=CHOICE that is named."""
        groups = group_defaults(self.config)
        lines = [self.purpose, "", f"usage: {self.name} [-m] [GROUP=CHOICE] [KEY=VALUE] ...", ""]
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
        if choice := re.search(r"Could not find '([^']+)/([^']+)'", text):
            group, name = choice.groups()
            known = re.search(r"Available options in '[^']+': (.*?) Config search path", text)  # --config-dir's too
            choices = known.group(1).split() if known else group_choices(group)
            choices = [choice for choice in choices if not choice.startswith("_")]
            return f"{group}={name}: no such choice; choose from {', '.join(choices)}"
        unknown = re.search(r"Could not override '([^']+)'", text)
        if not unknown:
            return text
        key = unknown.group(1)
        keys = self._keys_beside(key, arguments)
        hint = "".join(f"did you mean {close}? " for close in difflib.get_close_matches(key, keys, 1))
        return f"{key}: unknown key" + (f"; {hint}choose from {', '.join(keys)}" if keys else "")

    def _keys_beside(self, key: str, arguments: list[str]) -> list[str]:
        from hydra import compose, initialize_config_module
        from omegaconf import DictConfig, OmegaConf

        groups = [a for a in arguments if a.split("=")[0] in group_defaults(self.config) and "," not in a]
        with initialize_config_module("lmstudy.conf", version_base="1.3"):
            node: Any = compose(self.config, [*search_path(arguments), *groups])
        path: list[str] = []
        for part in key.split(".")[:-1]:
            child = OmegaConf.select(node, part)
            if not isinstance(child, DictConfig):
                break
            node, path = child, [*path, part]
        return [".".join([*path, str(name)]) for name in node if name != "_target_"]


def measure_too(config: Mapping[str, Any], run: str) -> None:
    """The measure that a command line names beside the run that it makes, if it names one."""
    if config.get("measure"):
        from lmstudy.measures.evaluate import evaluate

        asked = {"run": run, "measure": config["measure"], "runs": config["runs"]}
        evaluate({**asked, "data": None, "split": "valid", "documents": None})


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
