"""What fine-tuned models are held against, as a record."""

import sys
from collections.abc import Mapping
from typing import Any

from lmstudy.config import build, check_baseline
from lmstudy.errors import StudyError
from lmstudy.study import provenance
from lmstudy.study.baseline_records import recorded
from lmstudy.study.fine_tuning import fingerprint
from lmstudy.study.identity import NUMERICS
from lmstudy.study.records import Record
from lmstudy.tasks.base import Example, Task
from lmstudy.tasks.baselines import judged


def task_baselines(config: Mapping[str, Any]) -> Record:
    """Judge the baselines of a task on its test examples, unless the record exists; return it.

    Metrics are `test/BASELINE/METRIC`, groups `test/BASELINE/ROW`, of the same parts as those of fine-tuned models.

    Raises:
        StudyError: no task, or the configuration or the data is at fault.
    """
    typed = check_baseline(config)
    if typed.task is None:
        raise StudyError("of=task needs a task: task=NAME")
    task: Task = build(typed.task, "task")
    examples = task.examples()
    train, test = examples["train"][: typed.examples], examples["test"][: typed.test_examples]
    content = {
        "baseline": {"name": "task", "examples": typed.examples, "test_examples": typed.test_examples},
        "task": typed.task,
    }
    name = f"baselines-{task.name}-{typed.examples or 'all'}"

    def measure(identity: dict[str, Any]) -> Record:
        clock = provenance.Clock()
        print(f"{name}: {len(train):,} training examples, {len(test):,} questions", file=sys.stderr)
        return _measured(task, train, test, clock, fingerprint(examples), identity)

    return recorded(content, fingerprint(examples), name, typed.runs, measure)


def _measured(
    task: Task,
    train: list[Example],
    test: list[Example],
    clock: provenance.Clock,
    data: str,
    identity: dict[str, Any],
) -> Record:
    found = judged(task, train, test)
    metrics = {f"test/{one}/{name}": value for one, own in found.items() for name, value in own.metrics.items()}
    groups = {f"test/{one}/{name}": rows for one, own in found.items() for name, rows in own.groups(test).items()}
    return Record(
        **identity,
        kind="baseline",
        seed=None,
        data=data,
        numerics=NUMERICS,
        **provenance.circumstances(clock),
        metrics=metrics | {"train/examples": float(len(train)), "test/examples": float(len(test))},
        groups=groups,
    )
