"""A debugger that stops inside the training step of a run and is asked what a person would ask."""

from __future__ import annotations

import contextlib
import inspect
import io
import logging
import pdb
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lightning as L

import lmstudy
from lmstudy.compose import compose_config
from lmstudy.errors import StudyError
from lmstudy.runs.pretraining import Run, build_data, build_module, open_run

ASKED = (
    "list .",
    "p batch.decoder_tokens[0, :8].tolist()",
    "p batch.labels[0, :8].tolist()",
    "p (batch.decoder_tokens == batch.labels)[batch.labels >= 0].float().mean()",
    "next",
    "p hidden.shape",
)
"""What the debugger is told, one line after the other."""


class _Typed(io.StringIO):
    """Commands as if they were typed: each is seen behind its prompt."""

    def __init__(self, commands: Sequence[str], shown: io.StringIO) -> None:
        super().__init__("".join(f"{one}\n" for one in commands))
        self.shown = shown

    def readline(self, *limit: Any) -> str:  # type: ignore[override]
        line = super().readline(*limit)
        self.shown.write(line)
        return line


def small_run(experiment: str, data: Sequence[str] = ("data=python_functions",)) -> Run:
    """A run of an experiment with a small batch and without given vectors; not trained.

    Args:
        experiment: a choice of the group.
        data: overrides that choose a corpus; without them, the book's first one.
    """
    return open_run(
        compose_config("train", [f"experiment={experiment}", *data, "embedding=null", "budget=smoke", "seed=1"])
    )


def one_step(run: Run) -> Callable[[], None]:
    """What trains a run for one step and leaves nothing behind."""
    module, data = build_module(run), build_data(run)

    def step() -> None:
        for name in ("lightning.pytorch", "lightning.fabric"):
            logging.getLogger(name).setLevel(logging.ERROR)
        quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
        trainer = L.Trainer(
            max_steps=1, limit_val_batches=0, accelerator="cpu", enable_model_summary=False, **quiet  # type: ignore[arg-type]
        )  # fmt: skip
        trainer.fit(module, data)

    return step


def transcript(function: Any, line: str, work: Callable[[], None], commands: Sequence[str]) -> str:
    """What Python's debugger shows when `work` comes to a line of a function, and it is told commands there.

    Args:
        function: of this package.
        line: of its source, without the blanks around it; it occurs once.
        work: calls the function; it goes on to its end afterwards.
        commands: of pdb.

    Raises:
        StudyError: the function has no such line, or the work never comes to it.
    """
    source, first = inspect.getsourcelines(function)
    places = [first + number for number, text in enumerate(source) if text.strip() == line]
    if len(places) != 1:
        raise StudyError(f"{function.__qualname__}: {line!r} is {len(places)} of its lines, not one")
    root = f"{Path(lmstudy.__file__).resolve().parents[1]}/"
    file = inspect.getsourcefile(function) or ""
    shown = io.StringIO()
    typed = _Typed([f"tbreak {file}:{places[0]}", "continue", *commands, "continue"], shown)
    own = next(one for one in pdb.Pdb.__mro__ if one.__module__ == "pdb")  # a notebook's kernel puts IPython's there
    debugger = own(stdin=typed, stdout=shown, nosigint=True, readrc=False)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        debugger.runcall(work)
    debugger.clear_all_breaks()  # of a line that was never reached, too: they outlive a debugger
    text = shown.getvalue().replace(root, "")
    stop = f"> {file.removeprefix(root)}({places[0]})"
    if stop not in text:
        raise StudyError(f"{function.__qualname__}: the work never came to {line!r}")
    return text[text.index(stop) :].removesuffix("(Pdb) continue\n").rstrip()
