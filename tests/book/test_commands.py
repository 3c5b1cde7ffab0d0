"""Every command that README.md and the book tell people to type is one that exists."""

import contextlib
import importlib
import io
import re
import shlex
import tomllib
from itertools import product

import pytest
import yaml

from lmstudy.commands.generate import literal
from lmstudy.compose import compose_config
from lmstudy.publishing.parameters import check_parameters
from tests.conftest import ROOT

SCRIPTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
HYDRA = ("train", "prepare", "evaluate", "export", "baseline", "benchmark", "dpo", "finetune", "generate", "reward")
ALLOWED_ELSEWHERE = {"git", "cd", "export", "source", "conda", "pip", "python", "docker"}
PAGES = ("README.md", "book/reproduce.md", "book/claims.md", "book/intro.md", "book/try.md")
BLOCK = re.compile(r"^```(?:bash|sh|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
IN_A_LINE = re.compile(r"`((?:lmstudy-[a-z-]+|papermill|make) [^`]+)`")
"""Commands of the page of questions, whose answers are lines of a table."""


def commands() -> list[str]:
    """Every line of the pages' code blocks, continued lines joined, and the commands among the questions."""
    blocks = [block for page in PAGES for block in BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))]
    answers = IN_A_LINE.findall((ROOT / "book" / "questions.md").read_text(encoding="utf-8"))
    blocks += [line for line in answers if "--config-dir" not in line]  # that one stands in `test_forty_lines`
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return list(dict.fromkeys(line.strip() for line in lines if shlex.split(line, comments=True)))


@pytest.mark.parametrize("line", commands())
def test_the_command_exists(line):
    program, *arguments = shlex.split(line, comments=True)
    if program == "make":
        check_make(arguments)
    elif program == "papermill":
        check_papermill(arguments)
    elif program.startswith("lmstudy-") and program.removeprefix("lmstudy-") in HYDRA:
        check_hydra(program, arguments)
    elif program in SCRIPTS:
        check_argparse(program, arguments)
    else:
        assert program in ALLOWED_ELSEWHERE, f"{program} is no command of this project"


def check_make(arguments: list[str]) -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)
    for word in arguments:
        name, equals, _ = word.partition("=")
        assert re.search(rf"^{name}\s*\?=", makefile, re.MULTILINE) if equals else word in targets, word


def check_papermill(arguments: list[str]) -> None:
    notebook, _, *options = arguments
    values = {}
    while options:
        option = options.pop(0)
        assert option in ("-p", "-y"), option
        if option == "-p":
            name = options.pop(0)
            values[name] = yaml.safe_load(options.pop(0))
        else:
            values |= yaml.safe_load(options.pop(0))
    check_parameters(ROOT / notebook, values)


def check_hydra(program: str, arguments: list[str]) -> None:
    entry_point(program)
    multirun = "-m" in arguments
    overrides = [word for word in arguments if word not in ("-m", "--help")]
    overrides = [re.sub(r"interval\((.+),.+\)", r"\1", word) for word in overrides]  # a search begins somewhere
    choices = [word.split(",") if multirun else [word] for word in overrides]
    for values in product(*choices):
        job = [
            value if "=" in value or value.startswith("~") else f"{override.partition('=')[0]}={value}"
            for override, value in zip(overrides, values, strict=True)
        ]
        own = [one for one in job if not one.startswith(("hydra/", "hydra."))]
        name = program.removeprefix("lmstudy-")
        compose_config(name, [literal(one) for one in own] if name == "generate" else own)


def check_argparse(program: str, arguments: list[str]) -> None:
    text = io.StringIO()
    with contextlib.redirect_stdout(text), pytest.raises(SystemExit) as ended:
        entry_point(program)(["--help"])
    assert ended.value.code == 0
    for word in arguments:
        if word.startswith("-"):
            assert re.search(rf"(^|[\s\[,]){re.escape(word)}\b", text.getvalue()), f"{program} has no {word}"


def entry_point(program: str):
    module, _, name = SCRIPTS[program].partition(":")
    return getattr(importlib.import_module(module), name)


def test_pages_hold_commands():
    assert len(commands()) >= 25


def test_make_targets_are_told_of_in_the_help():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.search(r"^\.PHONY: (help .*)$", makefile, re.MULTILINE).group(1).split())
    assert {name for name, _ in re.findall(r"^([a-z-]+):(.*## )", makefile, re.MULTILINE)} == targets


WRONG = ("make boook", "make book BUGET=smoke", "lmstudy-train sed=1", "lmstudy-train -m budget=smoke,quik")


@pytest.mark.parametrize("line", [*WRONG, "lmstudy-book --bugdet smoke", "lmstudy-tarin"])
def test_a_command_that_does_not_exist_would_be_found(line):
    with pytest.raises((AssertionError, ValueError)):
        test_the_command_exists(line)


def test_the_table_of_budgets_has_every_budget():
    page = (ROOT / "book" / "reproduce.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?`) \|", page.partition("### Budgets")[2].partition("```bash")[0], re.MULTILINE)
    assert sorted(re.findall("`(.*?)`", " ".join(rows))) == sorted(
        path.stem for path in (ROOT / "conf/budget").glob("*.yaml")
    )


def test_the_chinese_readme_shows_the_same_commands():
    english, chinese = (
        re.findall(r"^```.*?^```", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        for name in ("README.md", "README.zh.md")
    )
    assert chinese == english
