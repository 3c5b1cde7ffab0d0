"""Fine-tunings by what they start from and how many examples they learn from: published, finished here, or made now."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from lmstudy.errors import StudyError
from lmstudy.study.comparisons import published_record
from lmstudy.study.needs import compose_config
from lmstudy.study.preference_arms import OBJECTIVES
from lmstudy.study.records import Record, load, load_folder, published_folder

SCRATCH = "scratch"
PRETRAINING = {
    "sentiment": "sentiment",
    "sentiment_zh": "sentiment_zh",
    "translation": "bilingual",
    "question_answering": "pep8",
    "summarisation": "pep8",
    "generation": "pep8",
}
"""The experiment that each task's models are pretrained by."""
HOW = ("pretraining=mixture", "budget=medium")
"""Half of the examples are denoised: of documents that are one segment, prefix language modelling never trains the
encoder, which reads what a task gives."""


class Arm(NamedTuple):
    """What a fine-tuning starts from, and how many examples it learns from (None: all)."""

    start: str
    examples: int | None


Tuned = dict[Arm, list[Record]]
"""By seed."""


def pretraining_config(task: str, start: str, seed: int, runs: str, extra: Sequence[str] = ()) -> dict[str, Any]:
    """Of the pretraining run that a task starts from: an objective of the study (`preference_arms.OBJECTIVES`).

    Raises:
        StudyError: a task or a start that there is not.
    """
    if task not in PRETRAINING:
        raise StudyError(f"task={task!r} has no pretraining of its own; choose from {', '.join(PRETRAINING)}")
    if start not in OBJECTIVES:
        raise StudyError(f"start={start!r} is not one of {SCRATCH}, {', '.join(OBJECTIVES)}")
    overrides = [f"experiment={PRETRAINING[task]}", *HOW, *OBJECTIVES[start], *extra]
    return compose_config("train", [*overrides, f"seed={seed}", f"runs={runs}"])


def pretrained(task: str, start: str, seed: int, runs: str = "runs", extra: Sequence[str] = ()) -> Record:
    """The pretraining run, with its weights: from the runs folder, else trained now."""
    from lmstudy.study.runs import open_run, train

    config = pretraining_config(task, start, seed, runs, extra)
    folder = open_run(config).folder
    if (folder / "record.json").exists() and not (folder / "model.safetensors").exists():
        raise StudyError(f"{folder}: the weights are gone and the record is left; move it away to train the run again")
    return train(config)


def tuned(
    task: str,
    starts: Iterable[str],
    sizes: Iterable[int | None],
    seeds: Sequence[int],
    *overrides: str,
    runs: str = "runs",
    pretraining: Sequence[str] = (),
    train: bool = True,
) -> Tuned:
    """Fine-tunings of a task, by seed; seed s starts from the pretraining run of seed s.

    Args:
        task: of `conf/task`.
        starts: `SCRATCH`, or objectives of the study.
        sizes: training examples; None: all.
        seeds: of pretraining and of fine-tuning.
        overrides: of `lmstudy-finetune`, such as "head=true".
        runs: folder of runs.
        pretraining: overrides of `lmstudy-train`, such as "budget=smoke".
        train: whether to make what is missing; without, it is left out.
    """
    from lmstudy.study.fine_tuning import fine_tune, open_tuning

    published = load_folder(published_folder())
    known = {record.id: record for record in published if record.kind == "tuning"}
    found: Tuned = {}
    for start in starts:
        for seed in sorted(seeds):
            base = None if start == SCRATCH else _record(task, start, seed, runs, pretraining, published, train)
            if base is None and start != SCRATCH:
                continue
            for size in sizes:
                size_key = "null" if size is None else str(size)
                own = [f"task={task}", f"seed={seed}", f"runs={runs}", f"examples={size_key}", *overrides]
                own += [] if base is None else [f"run='{base.id}'"]
                config = compose_config("finetune", own)
                tuning = open_tuning(config, base)
                record = known.get(tuning.id)
                if record is None and (train or tuning.record_path.exists()):
                    if base is not None and not tuning.record_path.exists():
                        pretrained(task, start, seed, runs, pretraining)  # with its weights
                    print(f"{tuning.name}: no published record, taken from {runs} or trained", file=sys.stderr)
                    record = fine_tune(config)
                if record is not None:
                    found.setdefault(Arm(start, size), []).append(record)
    return found


def _record(
    task: str, start: str, seed: int, runs: str, extra: Sequence[str], published: Sequence[Record], train: bool
) -> Record | None:
    from lmstudy.study.runs import open_run

    config = pretraining_config(task, start, seed, runs, extra)
    if (record := published_record(config, published)) is not None:
        return record
    if train:
        return pretrained(task, start, seed, runs, extra)
    path = open_run(config).record_path
    return load(path) if path.exists() else None
