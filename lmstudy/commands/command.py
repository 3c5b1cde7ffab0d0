"""What every Hydra command shares: help that opens at once, errors in one line, nothing heavy imported early."""

import difflib
import os
import re
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lmstudy.config import group_choices, group_defaults, search_path
from lmstudy.errors import StudyError


@dataclass(frozen=True)
class Command:
    """A command line over a configuration in `lmstudy.conf`.

    Attributes:
        name: what the user types.
        config: name of the root configuration.
        purpose: what it does, in a sentence or two.
        task: called with the resolved configuration; imports what it needs itself.
        examples: (command line, what it does).
        keys: root keys worth a line in the help.
    """

    name: str
    config: str
    purpose: str
    task: Callable[[dict[str, Any]], Any]
    examples: tuple[tuple[str, str], ...]
    keys: dict[str, str] = field(default_factory=dict)

    def main(self) -> None:
        """Entry point. Exits with 1 after one line on stderr when the user can put something right."""
        arguments = sys.argv[1:]
        if "--help" in arguments or "-h" in arguments:
            print(self.help())
            return
        for argument in arguments:
            key, _, value = argument.partition("=")
            if value == "{}" and not key.startswith("+"):  # Hydra merges nothing into what is there, and says nothing
                fail(
                    self.name,
                    f"{argument}: changes nothing; ~{key} leaves the key out, {key}.NAME=VALUE changes a part",
                )
        try:
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

        failed = []

        os.environ["HYDRA_FULL_ERROR"] = "1"  # exceptions come to us instead of being printed by Hydra

        @hydra.main(config_path="pkg://lmstudy.conf", config_name=self.config, version_base="1.3")
        def run(config: DictConfig) -> Any:
            try:
                missing = sorted(OmegaConf.missing_keys(config))
                if missing:
                    raise StudyError(f"{missing[0]} must be given: {missing[0]}=VALUE")
                OmegaConf.resolve(config)
                return self.task(OmegaConf.to_container(config))  # type: ignore[arg-type]
            except StudyError as error:
                if not HydraConfig.get().launcher._target_.endswith("BasicLauncher"):
                    raise  # the job runs elsewhere: only an exception finds its way back
                print(f"{self.name}: {error}", file=sys.stderr)  # now, and the other runs of a sweep go on
                failed.append(error)

        run()
        if failed:
            raise SystemExit(1)

    def help(self) -> str:
        """Text of --help, made from the first comment line of each YAML file."""
        lines = [self.purpose, "", f"usage: {self.name} [-m] [GROUP=CHOICE] [KEY=VALUE] ...", ""]
        for group, default in group_defaults(self.config).items():
            lines.append(f"{group}:")
            for choice, text in group_choices(group).items():
                shown = f"{text}{' (default)' if choice == default else ''}"
                lines += textwrap.wrap(
                    shown, 110, initial_indent=f"  {f'{group}={choice}':<28} ", subsequent_indent=" " * 31
                )
        lines += ["", "keys:"] if self.keys else []
        lines += [f"  {key:<28} {text}" for key, text in self.keys.items()]
        lines += ["", "examples:"] + [line for text, what in self.examples for line in (f"  {text}", f"      {what}")]
        lines += [
            "",
            "-m runs every combination of comma-separated values (a sweep); finished runs are not repeated.",
            "--cfg job prints the whole configuration, --hydra-help lists Hydra's own options.",
        ]
        return "\n".join(lines)

    def _explain(self, error: Exception, arguments: list[str]) -> str:
        """Hydra's message in one line, with the keys or choices that exist."""
        text = " ".join(line.strip() for line in str(error).splitlines() if line.strip())
        choice = re.search(r"Could not find '([^']+)/([^']+)'", text)
        if choice:
            group, name = choice.groups()
            known = re.search(r"Available options in '[^']+': (.*?) Config search path", text)  # --config-dir's too
            choices = known.group(1).split() if known else group_choices(group)
            return f"{group}={name}: no such choice; choose from {', '.join(choices)}"
        unknown = re.search(r"Could not override '([^']+)'", text)
        if not unknown:
            return text
        key = unknown.group(1)
        keys = self._keys_beside(key, arguments)
        if not keys:
            return f"{key}: unknown key"
        close = difflib.get_close_matches(key, keys, 1)
        hint = f"did you mean {close[0]}? " if close else ""
        return f"{key}: unknown key; {hint}choose from {', '.join(keys)}"

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


def fail(command: str, message: str, status: int = 1) -> None:
    """One line on stderr, then out."""
    print(f"{command}: {message}", file=sys.stderr)
    raise SystemExit(status)
