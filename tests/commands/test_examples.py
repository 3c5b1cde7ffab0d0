"""What the help of a command gives as examples can be typed."""

import importlib
import shlex

import pytest

from lmstudy.commands.generate import literal
from lmstudy.study.needs import compose_config

COMMANDS = ("baseline", "benchmark", "dpo", "evaluate", "finetune", "generate", "prepare", "reward", "train")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_example_composes(name):
    command = importlib.import_module(f"lmstudy.commands.{name}").COMMAND
    assert command.examples
    for line, _ in command.examples:
        program, *arguments = shlex.split(line)
        assert program == command.name
        if "-m" in arguments:
            arguments = [each.split(",")[0] for each in arguments if each != "-m"]
        compose_config(command.config, [literal(each) if name == "generate" else each for each in arguments])
