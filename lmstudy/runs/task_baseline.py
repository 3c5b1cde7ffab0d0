"""What fine-tuned models are held against, as a record."""

import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from lmstudy.config import BaselineConfig, build, check
from lmstudy.data.corpus import prepare
from lmstudy.errors import StudyError
from lmstudy.runs.fine_tuning import SHOWN, fingerprint, taken
from lmstudy.runs.lifecycle import baseline, measured
from lmstudy.runs.records import Findings, Record
from lmstudy.tasks.base import Examples, Task
from lmstudy.tasks.baselines import judged


def content(config: Mapping[str, Any]) -> dict[str, Any]:
    """What a record keeps of a resolved configuration; labels alone have settings to choose on validation examples."""
    typed = check(BaselineConfig, config)
    task: Task = build(typed.task or {}, "task")
    own = {"name": "task", "examples": typed.examples, "test_examples": typed.test_examples}
    if task.labels:
        own["valid_examples"] = typed.valid_examples
    return {"baseline": own, "task": typed.task}


def task_baselines(config: Mapping[str, Any]) -> Record:
    """Judge the baselines of a task on its test examples, unless the record exists; return it.

    Metrics are `test/BASELINE/METRIC`, groups `test/BASELINE/ROW`, of the same parts as those of fine-tuned models. The
    record also describes the data: `data/...` counts examples by split and source, what was left out and why, and
    quartiles of lengths in characters; samples are the first test examples, with every baseline's answer.

    Raises:
        StudyError: no task, or the configuration or the data is at fault.
    """
    typed = check(BaselineConfig, config)
    if typed.task is None:
        raise StudyError("of=task needs a task: task=NAME")
    task: Task = build(typed.task, "task")
    examples = task.examples()
    name = f"baselines-{task.name}-{typed.examples or 'all'}"
    work = baseline("task_baseline", name, content(config), fingerprint(examples), typed)
    return measured(work, lambda: _measure(name, task, examples, taken(examples, typed)))


def _measure(name: str, task: Task, examples: Examples, asked: Examples) -> Findings:
    train, test = asked["train"], asked["test"]
    print(f"{name}: {len(train):,} training examples, {len(test):,} questions", file=sys.stderr)
    found = judged(task, train, test, asked["valid"])
    metrics: dict[str, float] = {}
    groups: dict[str, list[list[float]]] = {}
    for name, own in found.items():
        metrics |= {f"test/{name}/{key}": value for key, value in own.judgement.metrics.items()}
        groups |= {f"test/{name}/{key}": rows for key, rows in own.judgement.groups(test).items()}
    metrics |= {f"{split}/examples": float(len(asked[split])) for split in ("train", "test")}
    return Findings(
        metrics | described(task, examples),
        groups,
        [
            {
                "id": one.id,
                "source": one.source,
                "target": one.target,
                "answers": {name: own.answers[i] for name, own in found.items()},
            }
            for i, one in enumerate(test[:SHOWN])
        ],
    )


def described(task: Task, examples: Examples) -> dict[str, float]:
    """Examples by split and by the source that their ids begin with, quartiles of lengths, what was left out, and how
    many test examples ask what a training example asks, capitals aside."""
    found: dict[str, float] = {}
    for split, own in examples.items():
        found[f"data/{split}/examples"] = float(len(own))
        for source, count in Counter(one.id.partition("/")[0] for one in own).items():
            found[f"data/{split}/from/{source}"] = float(count)
        for label in task.labels:
            found[f"data/{split}/label/{label}"] = float(sum(one.target == label for one in own))
    for side in ("source", "target"):
        lengths = [len(getattr(one, side)) for one in examples["train"]]
        for share, length in zip((25, 50, 75), np.percentile(lengths, (25, 50, 75)), strict=True):
            found[f"data/{side}/characters/{share}"] = float(length)
    known = {example.source.casefold() for example in examples["train"]}
    found["data/test/known sources"] = float(sum(one.source.casefold() in known for one in examples["test"]))
    if task.data is not None:
        left_out: Counter[str] = Counter()
        for source in prepare(task.data).report["sources"].values():
            left_out.update(source["skipped"])
            left_out.update({step: counts["documents"] for step, counts in source["removed"].items()})
        found |= {f"data/left out/{step}": float(count) for step, count in left_out.items()}
    return found
