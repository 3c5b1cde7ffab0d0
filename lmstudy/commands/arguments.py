"""A command line before Hydra reads it: its order, and what is wrong with it, in a line."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path


def options_first(arguments: Sequence[str]) -> list[str]:
    """The same arguments, -m and options of a value before the keys: between them, Hydra does not understand them."""
    sweeping, options, others = False, list[str](), list[str]()
    rest = iter(arguments)
    for each in rest:
        if each in ("-m", "--multirun"):
            sweeping = True
        elif each in _OPTIONS_OF_A_VALUE and each not in _INFO and (value := next(rest, None)) is not None:
            options += [each, value]
        else:
            others.append(each)
    return [*(["-m"] if sweeping else []), *options, *others]


_OPTIONS = ("--hydra-help", "--version", "--resolve", "--run", "-r", "--multirun", "-m", "--shell-completion", "-sc")
_OPTIONS_OF_A_VALUE = (
    "--cfg", "-c", "--package", "-p", "--config-dir", "-cd", "--experimental-rerun", "--info", "-i",
)  # fmt: skip
"""Hydra's, each with the word behind it."""
_OTHER_ROOTS = ("--config-path", "-cp", "--config-name", "-cn")
"""Hydra's, too: they would put another configuration in the place of the command's own."""
_OWN_FOLDER = ("--config-dir", "-cd")
_INFO = ("--info", "-i")
"""Those of them that do without."""


def no_argument(arguments: Sequence[str]) -> str | None:
    """What is wrong with the first argument that is no option and no KEY=VALUE, in a line."""
    last = ""
    for argument in arguments:
        option = argument.partition("=")[0]
        if argument.startswith("-"):
            if option in _OTHER_ROOTS:
                return f"{option}: the command's own configuration stays; --config-dir FOLDER adds YAML files of yours"
            if option not in (*_OPTIONS, *_OPTIONS_OF_A_VALUE):
                word = option.lstrip("-") or "seed"
                return f"{argument}: no such option; keys are written without dashes, as in {word}=VALUE"
        elif last not in _OPTIONS_OF_A_VALUE and "=" not in argument and not argument.startswith("~"):
            return f"{argument}: KEY=VALUE is wanted, as in seed=1; quotes keep together what has spaces"
        last = argument
    for option, folder in pairwise(arguments):
        if option in _OWN_FOLDER and not Path(folder).is_dir():
            return f"{option} {folder}: no such folder"
    lacks = last in _OPTIONS_OF_A_VALUE and last not in _INFO
    return f"{last}: a value is wanted behind it" if lacks else None


def not_a_config(arguments: Sequence[str]) -> str | None:
    """The first file of a user's own folder of YAML files that is no text or holds no keys, in a line."""
    import yaml

    for option, folder in pairwise(arguments):
        for path in sorted(Path(folder).rglob("*.yaml")) if option in _OWN_FOLDER else ():
            try:
                content = yaml.safe_load(path.read_text(encoding="utf-8"))
            except (UnicodeDecodeError, yaml.YAMLError) as error:
                return f"{path}: cannot be read as YAML: {' '.join(str(error).split())}"
            if not isinstance(content, dict | list | None):
                return f"{path}: KEY: VALUE on each line is wanted, and not only {content!r}"
    return None


def is_text(argument: str) -> bool:
    """Whether an argument can be kept in a record: bytes that are no text come as halves of characters."""
    try:
        argument.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
