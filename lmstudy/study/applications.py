"""The fine-tunings of the study: what each task starts from, how many examples it learns from, and which there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import product
from typing import NamedTuple

from lmstudy.compose import compose_config
from lmstudy.errors import StudyError
from lmstudy.runs.records import Record
from lmstudy.study.preferences import OBJECTIVES
from lmstudy.study.shelf import NoRecordsError, Shelf

SCRATCH, MLE, PEER = "scratch", "MLE", "T5"
"""Starts that every task has; the peer is Hugging Face's T5 of the same sizes, from random weights, and writes its
answers."""
UNTRAINED = {SCRATCH: (), PEER: ("model=hf_t5", "head=false")}
"""Starts without a pretraining, by what they add to `SETTINGS`."""
MIXED = ("pretraining=mixture", "budget=medium")
"""Half of the examples are denoised: of documents that are one segment, prefix language modelling never trains the
encoder, which reads what a task gives."""


def _starts(experiment: str, names: Iterable[str] = OBJECTIVES, *how: str, **own: str) -> dict[str, tuple[str, ...]]:
    objectives = {name: (f"objective={own[name]}",) if name in own else OBJECTIVES[name] for name in names}
    return {name: (f"experiment={experiment}", *how, *overrides) for name, overrides in objectives.items()}


STARTS: dict[str, dict[str, tuple[str, ...]]] = {
    "sentiment": _starts("sentiment", OBJECTIVES, *MIXED),
    "sentiment_zh": _starts("sentiment_zh", OBJECTIVES, *MIXED),
    "translation": _starts("bilingual", OBJECTIVES, *MIXED, "scorer=sentiment_both")
    | _starts("bilingual", (MLE, "conditional"), *MIXED, conditional="conditional_known"),
} | dict.fromkeys(("question_answering", "summarisation", "generation"), _starts("pep8"))
"""What a task's models can be pretrained by, as overrides of `lmstudy-train`; tasks on code take the runs of the study
of style as they are."""


_LABELS = ("head=true", "valid_examples=1000", "optimizer=muon_labels")
SETTINGS: dict[str, tuple[str, ...]] = {
    "sentiment": _LABELS,
    "sentiment_zh": _LABELS,
    "translation": (),
    "question_answering": ("head=true", "context=320"),
    "summarisation": ("decoding.beams=4", "decoding.no_repeat=3"),
    "generation": ("test_examples=300",),
}
"""How each task is fine-tuned and answers, as overrides of `lmstudy-finetune`: by a head where it has one, summaries by
beam search as is usual. Docstrings are longer than what models are pretrained with; bodies of functions take long to
write, so fewer are asked for.

Labels are learned by Muon, which was picked, with its rates, on validation examples of seed 1, for `SCRATCH` and `MLE`
alike."""
DRAWN = ("decoding.temperature=0.7", "decoding.top_p=0.9")
"""How bodies of functions are drawn where they are not searched for, as overrides of `lmstudy-finetune`."""
KEPT = ("keep=answers",)
"""How weights are kept where it is not by loss, as overrides of `lmstudy-finetune`."""
RATES = {"sentiment": "optimizer.lr=0.005", "sentiment_zh": "optimizer.lr=0.005"}
"""Of embeddings of a network from scratch, where it is not that of `SETTINGS`."""
STEPS = {100: 150, 1000: 300, 5000: 600}
"""Optimiser steps by training examples; for all there are as many as for the most."""
SIZES, SEEDS = tuple(STEPS), (1, 2, 3)
LONG = ("summarisation", "generation")
"""Tasks whose answers take long to learn and to write."""
CURVES: dict[str, tuple[int, ...]] = {task: (100, 1000) if task in LONG else SIZES for task in STARTS}
"""Training examples by task."""
AT = 1000
"""Training examples at which all starts are compared."""
COMPARED = (100, AT)
"""Training examples at which objectives other than maximum likelihood are fine-tuned."""
STUDIED: dict[str, tuple[str, ...]] = dict.fromkeys(STARTS, tuple(name for name in OBJECTIVES if name != MLE)) | {
    "sentiment_zh": ("filtering", "conditional", "unlikelihood", "RWR", "AWR")
}
"""Objectives beside maximum likelihood that have been run before each task; `STARTS` may know more."""


OTHER_PRETRAININGS: dict[str, tuple[str, ...]] = {
    "4 x the steps": ("budget.steps=3200", "budget.evaluate_every=800"),
    "all denoising, 30 % masked": ("pretraining.denoising=1.0", "pretraining.noise_density=0.3"),
}
"""Longer and harder ones that were tried before Chinese labels, by one seed, as overrides of `lmstudy-train`."""


class Arm(NamedTuple):
    """What a fine-tuning starts from, and how many examples it learns from (None: all)."""

    start: str
    examples: int | None


Tuned = dict[Arm, list[Record]]
"""By seed."""


def fine_tuning_overrides(task: str, arm: Arm) -> tuple[str, ...]:
    """Of `lmstudy-finetune`: as the task is set, longer for more examples, looked at ten times."""
    known = (steps for size, steps in STEPS.items() if arm.examples is not None and arm.examples <= size)
    steps = next(known, max(STEPS.values()))
    rates = (RATES[task],) if arm.start == SCRATCH and task in RATES else ()
    how = (f"steps={steps}", f"evaluate_every={steps // 10}", *UNTRAINED.get(arm.start, ()), *rates)
    return (*SETTINGS[task], *how)


def pretraining_overrides(task: str, start: str) -> tuple[str, ...]:
    """Of `lmstudy-train`, for the pretraining that a task starts from.

    Raises:
        StudyError: a task or a start that there is not.
    """
    if task not in STARTS:
        raise StudyError(f"task={task!r} has no pretraining of its own; choose from {', '.join(STARTS)}")
    if start not in STARTS[task]:
        raise StudyError(f"start={start!r} of task={task} is not one of {', '.join((*UNTRAINED, *STARTS[task]))}")
    return STARTS[task][start]


def pretrained(task: str, start: str, seed: int, runs: str = "runs", extra: Sequence[str] = ()) -> Record:
    """The pretraining run with its weights, from the runs folder or trained now; a StudyError if only they are gone."""
    from lmstudy.runs.pretraining import open_run, train

    config = {**compose_config("train", [*pretraining_overrides(task, start), *extra]), "seed": seed, "runs": runs}
    folder = open_run(config).folder
    if (folder / "record.json").exists() and not (folder / "model.safetensors").exists():
        raise StudyError(f"{folder}: the weights are gone and the record is left; move it away to train the run again")
    return train(config)


def tuned(
    shelf: Shelf,
    task: str,
    starts: Iterable[str],
    sizes: Iterable[int | None],
    seeds: Sequence[int],
    *overrides: str,
    pretraining: Sequence[str] = (),
) -> Tuned:
    """Fine-tunings of a task, by seed; seed s starts from the pretraining run of seed s.

    Args:
        shelf: where they are, or are made; a shelf that makes none leaves out what is missing.
        task: of `conf/task`.
        starts: of `UNTRAINED`, or those of `STARTS`.
        sizes: training examples; None: all.
        seeds: of pretraining and of fine-tuning.
        overrides: of `lmstudy-finetune`, beside `fine_tuning_overrides`, such as "head=false".
        pretraining: overrides of `lmstudy-train`, such as "budget=smoke".
    """
    found: Tuned = {}
    for start, seed, size in product(starts, sorted(seeds), sizes):
        with suppress(NoRecordsError):
            record = _tuned(shelf, task, Arm(start, size), seed, overrides, pretraining)
            found.setdefault(Arm(start, size), []).append(record)
    return found


def _tuned(
    shelf: Shelf, task: str, arm: Arm, seed: int, overrides: Sequence[str], pretraining: Sequence[str]
) -> Record:
    own = (f"task={task}", *fine_tuning_overrides(task, arm), *overrides)
    config = {**compose_config("finetune", own), "examples": arm.examples}
    if arm.start not in UNTRAINED:
        trained = (*pretraining_overrides(task, arm.start), *pretraining)
        config["run"] = shelf.trained(*trained, seeds=[seed])[0].id
        if shelf.makes and shelf.known("finetune", config, seed) is None:
            pretrained(task, arm.start, seed, shelf.runs, pretraining)  # with its weights
    return shelf.of("finetune", config, [seed])[0]


def gather(
    shelf: Shelf,
    task: str,
    seeds: Sequence[int] = SEEDS,
    sizes: Sequence[int | None] = (),
    objectives: Sequence[str] | None = None,
    fine_tuning: Sequence[str] = (),
    pretraining: Sequence[str] = (),
) -> Tuned:
    """From scratch and from maximum likelihood at all sizes, from other objectives at those of `COMPARED` (or at the
    most, if none is among them). The peer is there if it has been fine-tuned: it needs a package that the book does
    not.

    Args:
        shelf: where they are, or are made.
        task: of `conf/task`.
        seeds, objectives: of the arms; an objective that the task's corpus does not have is left out. None: `STUDIED`.
        sizes: training examples; empty: `CURVES`.
        fine_tuning, pretraining: overrides of `lmstudy-finetune` and `lmstudy-train`, such as "budget=smoke".

    Raises:
        StudyError: an objective that no task has.
    """
    objectives = STUDIED[task] if objectives is None else objectives
    if unknown := [name for name in objectives if name not in OBJECTIVES]:
        raise StudyError(f"objectives: {unknown[0]!r} is not one of {', '.join(OBJECTIVES)}")
    sizes = sizes or CURVES[task]
    at = AT if AT in sizes else list(sizes)[-1]
    rest = [name for name in objectives if name in STARTS[task] and name != MLE]
    few: Sequence[int | None] = [size for size in sizes if size in COMPARED] or [at]
    found = tuned(shelf, task, [SCRATCH, MLE], sizes, seeds, *fine_tuning, pretraining=pretraining)
    found |= tuned(shelf, task, rest, few, seeds, *fine_tuning, pretraining=pretraining)
    return found | tuned(shelf.as_is(), task, [PEER], [at], seeds, *fine_tuning)


def arm_of(shelf: Shelf, task: str, start: str, size: int = AT, *fine_tuning: str) -> list[Record]:
    """The fine-tunings of an arm, all seeds of the study; `fine_tuning` as for `gather`.

    Raises:
        NoRecordsError: there is none.
    """
    found = tuned(shelf, task, [start], [size], SEEDS, *fine_tuning)
    if not found:
        raise NoRecordsError(f"of task={task} fine-tuned from {start} with {size} examples")
    return found[Arm(start, size)]


def baseline_of(shelf: Shelf, task: str, size: int | None = AT) -> Record:
    """The baselines of a task that learn from so many examples (None: all); errors as `Shelf.baseline`."""
    test = [own for own in SETTINGS[task] if own.startswith("test_examples")]
    return shelf.baseline("of=task", f"task={task}", f"examples={'null' if size is None else size}", *test)


def baselines(shelf: Shelf, task: str, sizes: Iterable[int | None]) -> dict[int | None, Record]:
    """`baseline_of` by the number of training examples."""
    return {size: baseline_of(shelf, task, size) for size in sizes}
