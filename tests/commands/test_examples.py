"""What the help of a command gives as examples can be typed."""

import importlib
import re
import shlex

import pytest

from lmstudy.commands.generate import literal
from lmstudy.compose import compose_config

COMMANDS = ("baseline", "benchmark", "dpo", "evaluate", "export", "finetune", "generate", "prepare", "reward", "train")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_example_composes(name):
    command = importlib.import_module(f"lmstudy.commands.{name}").COMMAND
    lines = [shlex.split(line) for line, _ in command.examples]
    own = [words for words in lines if words[0] == command.name]
    assert own
    for arguments in own:
        typed = arguments[1 : arguments.index(">") if ">" in arguments else None]
        if "-m" in typed:  # the first of a sweep
            typed = [re.sub(r"interval\((.+),.+\)", r"\1", each).split(",")[0] for each in typed if each != "-m"]
            typed = [each for each in typed if not each.startswith("hydra")]
        compose_config(command.config, [literal(each) if name == "generate" else each for each in typed])
