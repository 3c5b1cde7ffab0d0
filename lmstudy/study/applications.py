"""Fine-tunings by what they start from and how many examples they learn from: published, finished here, or made now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
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


_STYLE = _starts("pep8")
STARTS: dict[str, dict[str, tuple[str, ...]]] = {
    "sentiment": _starts("sentiment", OBJECTIVES, *MIXED),
    "sentiment_zh": _starts("sentiment_zh", OBJECTIVES, *MIXED),
    "translation": _starts("bilingual", OBJECTIVES, *MIXED, "scorer=sentiment_both")
    | _starts("bilingual", (MLE, "conditional"), *MIXED, conditional="conditional_known"),
    "question_answering": _STYLE,
    "summarisation": _STYLE,
    "generation": _STYLE,
}
"""What a task's models can be pretrained by, as overrides of `lmstudy-train`; tasks on code take the runs of the study
of style as they are."""


_LABELS = ("head=true", "valid_examples=1000", "optimizer=muon_tuning")
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


def steps_of(size: int | None) -> tuple[str, ...]:
    """Overrides of `lmstudy-finetune`: longer for more examples, looked at ten times."""
    steps = next((STEPS[known] for known in STEPS if size is not None and size <= known), max(STEPS.values()))
    return f"steps={steps}", f"evaluate_every={steps // 10}"


def untrained(task: str, start: str) -> tuple[str, ...]:
    """What a start without pretraining adds to `SETTINGS`; a pretrained one adds nothing."""
    return (*UNTRAINED.get(start, ()), *([RATES[task]] if start == SCRATCH and task in RATES else []))


class Arm(NamedTuple):
    """What a fine-tuning starts from, and how many examples it learns from (None: all)."""

    start: str
    examples: int | None


Tuned = dict[Arm, list[Record]]
"""By seed."""


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
    """The pretraining run, with its weights: from the runs folder, else trained now.

    Raises:
        StudyError: the record is there and its weights are not.
    """
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
        overrides: of `lmstudy-finetune`, beside `SETTINGS` and `steps_of`, such as "head=false".
        pretraining: overrides of `lmstudy-train`, such as "budget=smoke".
    """
    sizes = list(sizes)
    found: Tuned = {}
    for start in starts:
        for seed in sorted(seeds):
            for size in sizes:
                with suppress(NoRecordsError):
                    record = _tuned(shelf, task, Arm(start, size), seed, overrides, pretraining)
                    found.setdefault(Arm(start, size), []).append(record)
    return found


def _tuned(
    shelf: Shelf, task: str, arm: Arm, seed: int, overrides: Sequence[str], pretraining: Sequence[str]
) -> Record:
    own = (*SETTINGS[task], *steps_of(arm.examples), *untrained(task, arm.start), *overrides)
    config = {**compose_config("finetune", [f"task={task}", *own]), "examples": arm.examples}
    if arm.start not in UNTRAINED:
        trained = (*pretraining_overrides(task, arm.start), *pretraining)
        config["run"] = shelf.trained(*trained, seeds=[seed])[0].id
        if shelf.makes and shelf.known("finetune", config, seed) is None:
            pretrained(task, arm.start, seed, shelf.runs, pretraining)  # with its weights
    return shelf.of("finetune", config, [seed])[0]
