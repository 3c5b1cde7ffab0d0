"""What the chapters on applications compute from records: scores with intervals, tables, learning curves, mistakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from lmstudy.errors import StudyError
from lmstudy.evaluation.f1 import macro_f1, macro_f1_difference
from lmstudy.evaluation.statistics import Estimate, paired_difference, ratio_of_sums_bootstrap
from lmstudy.runs.records import Record
from lmstudy.show.tables import with_interval
from lmstudy.study import preferences as preference_arms
from lmstudy.study.applications import MLE, PEER, SCRATCH, SEEDS, SETTINGS, SIZES, STARTS, UNTRAINED, Arm, Tuned, tuned
from lmstudy.study.claims import NoRecordsError
from lmstudy.study.needs import compose_config
from lmstudy.study.preference_records import available


@dataclass(frozen=True)
class Score:
    """A measure of answers, as it is shown."""

    row: str
    """Of a record's groups: "f1" is made of the confusion table."""
    label: str
    factor: float = 1.0
    spec: str = ".3f"


PER_CENT = 100.0
F1 = Score("f1", "macro F1")
BITS = Score("bits", "bits per byte of people's answers")
SCORES: dict[str, tuple[Score, ...]] = {
    "sentiment": (F1, Score("accuracy", "accuracy")),
    "sentiment_zh": (F1, Score("accuracy", "accuracy")),
    "translation": (
        Score("chrf", "chrF, mean of messages", spec=".1f"),
        Score("exact", "exact, %", 100, ".1f"),
        Score("placeholders", "placeholders kept, %", 100, ".1f"),
    ),
    "question_answering": (
        Score("f1", "F1 of words", spec=".1f"),
        Score("exact", "exact match, %", spec=".1f"),
        Score("extractive", "stands in the docstring, %", 100, ".0f"),
    ),
    "summarisation": (
        Score("rouge_l", "ROUGE-L", 100, ".1f"),
        Score("rouge_1", "ROUGE-1", 100, ".1f"),
        Score("rouge_2", "ROUGE-2", 100, ".1f"),
        Score("faithful", "faithful, %", 100, ".0f"),
    ),
    "generation": (
        Score("chrf", "chrF, mean of bodies", spec=".1f"),
        Score("parses", "parses, %", 100, ".0f"),
        Score("style", "violations of style per 1,000 characters", 1000, ".1f"),
        Score("privacy", "personal data per 1,000 characters", 1000, ".2f"),
    ),
}
"""Of each task, the one that runs are compared by first."""
TITLES = {
    "sentiment": "sentiment, English",
    "sentiment_zh": "sentiment, Chinese",
    "translation": "translation",
    "question_answering": "question answering",
    "summarisation": "summarisation",
    "generation": "generation of functions",
}


CURVES: dict[str, tuple[int, ...]] = dict.fromkeys(SCORES, SIZES) | dict.fromkeys(
    ("summarisation", "generation"), (100, 1000)
)
"""Training examples by task; long answers take long to learn and to write."""
AT = 1000
"""Training examples at which all starts are compared."""
COMPARED = (100, AT)
"""Training examples at which objectives other than maximum likelihood are fine-tuned."""
OBJECTIVES = tuple(name for name in preference_arms.OBJECTIVES if name != MLE)
"""Those beside maximum likelihood."""
STUDIED: dict[str, tuple[str, ...]] = dict.fromkeys(SCORES, OBJECTIVES) | {
    "sentiment_zh": ("filtering", "conditional", "unlikelihood", "RWR", "AWR")
}
"""Those of them that have been run before each task; `STARTS` may know more."""


def gather(
    task: str,
    seeds: Sequence[int] = SEEDS,
    sizes: Sequence[int | None] = (),
    objectives: Sequence[str] | None = None,
    runs: str = "runs",
    fine_tuning: Sequence[str] = (),
    pretraining: Sequence[str] = (),
) -> Tuned:
    """From scratch and from maximum likelihood at all sizes, from other objectives at those of `COMPARED` (or at the
    most, if none is among them); what is missing is made. The peer is there if it has been fine-tuned: it needs a
    package that the book does not.

    Args:
        task: of `conf/task`.
        seeds, objectives: of the arms; an objective that the task's corpus does not have is left out. None: `STUDIED`.
        sizes: training examples; empty: `CURVES`.
        runs: folder of runs.
        fine_tuning, pretraining: overrides of `lmstudy-finetune` and `lmstudy-train`, such as "budget=smoke".

    Raises:
        StudyError: an objective that no task has.
    """
    objectives = STUDIED[task] if objectives is None else objectives
    if unknown := [name for name in objectives if name not in preference_arms.OBJECTIVES]:
        raise StudyError(f"objectives: {unknown[0]!r} is not one of {', '.join(preference_arms.OBJECTIVES)}")
    sizes = sizes or CURVES[task]
    at = AT if AT in sizes else list(sizes)[-1]
    rest = [name for name in objectives if name in STARTS[task] and name != MLE]
    common: dict[str, Any] = {"runs": runs, "pretraining": pretraining, "records": available(runs)}
    found = tuned(task, [SCRATCH, MLE], sizes, seeds, *fine_tuning, **common)
    few: Sequence[int | None] = [size for size in sizes if size in COMPARED] or [at]
    found |= tuned(task, rest, few, seeds, *fine_tuning, **common)
    return found | tuned(task, [PEER], [at], seeds, *fine_tuning, **common, train=False)


def among(records: Sequence[Record], task: str, start: str, size: int = AT, *fine_tuning: str) -> list[Record]:
    """The fine-tunings of an arm, all seeds, for claims; `fine_tuning` as for `gather`.

    Raises:
        NoRecordsError: there is none.
    """
    found = tuned(task, [start], [size], SEEDS, *fine_tuning, records=records, train=False)
    if not found:
        raise NoRecordsError(f"of task={task} fine-tuned from {start} with {size} examples")
    return found[Arm(start, size)]


def baselines_among(records: Sequence[Record], task: str, size: int | None = AT) -> Record:
    """The baselines of a task, for claims.

    Raises:
        NoRecordsError: there are none.
    """
    wanted = _baseline_config(task, size, "runs")[1]
    found = [record for record in records if record.kind == "task_baseline" and record.config == wanted]
    if not found:
        raise NoRecordsError(f"of the baselines of task={task} with {size} examples")
    return found[0]


def main_score(task: str) -> Score:
    return SCORES[task][0]


def table(records: Sequence[Record], score: Score, answerer: str = "") -> np.ndarray:
    """[seeds, parts, 2] sums, or of macro F1 of labels [seeds, parts, K, M] counts.

    Args:
        records: fine-tunings by seed, or one record of baselines.
        score: which.
        answerer: of a record of baselines, the name of one.

    Raises:
        StudyError: records without such a row.
    """
    prefix = f"test/{answerer}/" if answerer else "test/"
    if score.row == "f1" and any(name.startswith(f"{prefix}confusion/") for name in records[0].groups):
        return np.array([_confusion(record, prefix) for record in records])
    missing = [record.name for record in records if f"{prefix}{score.row}" not in record.groups]
    if missing:
        raise StudyError(f"{missing[0]} has no row {prefix}{score.row}: it is of another task")
    return np.array([record.groups[f"{prefix}{score.row}"] for record in records])


def _confusion(record: Record, prefix: str) -> np.ndarray:
    start = f"{prefix}confusion/"
    pairs = [name.removeprefix(start).split("/") for name in record.groups if name.startswith(start)]
    labels = list(dict.fromkeys(true for true, _ in pairs))
    told = [*labels, *sorted({other for _, other in pairs} - set(labels))]
    cells = [
        [[top for top, _ in record.groups.get(f"{start}{one}/{other}", [])] or None for other in told] for one in labels
    ]
    parts = len(next(iter(record.groups.values())))
    return np.array([[cell or [0.0] * parts for cell in row] for row in cells]).transpose(2, 0, 1)


def estimate(records: Sequence[Record], score: Score, answerer: str = "") -> Estimate:
    """The score over seeds and test examples; no score is below 0, and none in per cent above 100."""
    found = table(records, score, answerer)
    e = (macro_f1(found) if found.ndim == 4 else ratio_of_sums_bootstrap(found)).times(score.factor)
    return replace(e, low=max(e.low, 0.0), high=min(e.high, PER_CENT) if score.factor == PER_CENT else e.high)


def difference(
    first: Sequence[Record], second: Sequence[Record], score: Score, answerer: str = "", than: str = ""
) -> Estimate:
    """The score of `first` minus that of `second`, paired by seed and test example; a baseline stands for every seed.

    Raises:
        StudyError: no seed in common, or other test examples.
    """
    if not answerer and not than:
        shared = {record.seed for record in first} & {record.seed for record in second}
        first, second = ([r for r in records if r.seed in shared] for records in (first, second))
        if not shared:
            raise StudyError("the fine-tunings have no seed in common, so that no difference can be paired")
    a, b = table(first, score, answerer), table(second, score, than)
    if a.ndim == 4:
        return macro_f1_difference(a, b).times(score.factor)
    if not np.array_equal(a[0, :, 1], b[0, :, 1]) and score.row not in ("style", "privacy", "placeholders"):
        raise StudyError(f"{first[0].name} and {second[0].name} were tested on other examples")
    return paired_difference(a, b).times(score.factor)


def baselines(task: str, sizes: Sequence[int | None], runs: str = "runs") -> dict[int | None, Record]:
    """The records of a task's baselines by the number of training examples: published, finished here, or made now."""
    from lmstudy.runs.task_baseline import task_baselines

    known, found = available(runs), {}
    for size in sizes:
        try:
            found[size] = baselines_among(known, task, size)
        except NoRecordsError:
            found[size] = task_baselines(_baseline_config(task, size, runs)[0])
    return found


def _baseline_config(task: str, examples: int | None, runs: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What `lmstudy-baseline` is asked for, and what its record keeps of that."""
    test = [own for own in SETTINGS[task] if own.startswith("test_examples")]
    size = "null" if examples is None else examples
    config = compose_config("baseline", ["of=task", f"task={task}", f"examples={size}", *test, f"runs={runs}"])
    own = {"name": "task", "examples": examples, "test_examples": config["test_examples"]}
    if main_score(task) is F1:
        own["valid_examples"] = config["valid_examples"]
    return config, {"baseline": own, "task": config["task"]}


def mean_metric(records: Sequence[Record], name: str) -> float:
    """Over seeds."""
    return float(np.mean([record.metrics[name] for record in records]))


def answerers(record: Record) -> list[str]:
    """The names of a record's baselines."""
    names = [name.split("/")[1] for name in record.metrics if name.startswith("test/") and name.count("/") > 1]
    return list(dict.fromkeys(names))


def results(task: str, arms: Tuned, size: int | None, against: Sequence[Record] = ()) -> pd.DataFrame:
    """A row a baseline and a start, with every score of the task; all learned from `size` examples."""
    rows: dict[str, dict[str, Any]] = {}
    for record in against:
        for name in answerers(record):
            rows[name] = {s.label: _shown([record], s, name) for s in SCORES[task]} | {"seeds": "–"}
    for arm, records in arms.items():
        if arm.examples == size:
            rows[named(arm.start)] = {s.label: _shown(records, s) for s in SCORES[task]} | {"seeds": len(records)}
            if f"test/{BITS.row}" in records[0].groups:
                rows[named(arm.start)][BITS.label] = _shown(records, BITS)
    return pd.DataFrame(rows).T.fillna("–")


def _shown(records: Sequence[Record], score: Score, answerer: str = "") -> str:
    found = estimate(records, score, answerer)
    return f"{found.value:{score.spec}}" if answerer else with_interval(found, score.spec)


def named(start: str) -> str:
    """A start as the book calls it."""
    untrained = {SCRATCH: "network from scratch", PEER: "T5 from scratch"}
    return untrained.get(start, f"pretrained, {start}")


def against(arms: Tuned, size: int | None, score: Score) -> dict[str, Estimate]:
    """Score of each objective minus that of maximum likelihood, at as many examples."""
    return {
        arm.start: difference(records, arms[Arm(MLE, size)], score)
        for arm, records in arms.items()
        if arm.examples == size and arm.start not in (MLE, *UNTRAINED)
    }


def costs(arms: Tuned, score: Score) -> dict[str, dict[str, Estimate]]:
    """The same by number of training examples and by objective."""
    sizes = dict.fromkeys(arm.examples for arm in arms if arm.start not in (MLE, *UNTRAINED))
    return {f"{size:,} examples" if size else "all examples": against(arms, size, score) for size in sizes}


def difference_table(found: Mapping[str, Estimate], score: Score, lower: bool = False) -> pd.DataFrame:
    """Differences with intervals, and what they allow to say; a higher score is the better one, or a `lower` one."""
    rows = {}
    for name, e in found.items():
        says = _says(-e if lower else e)
        rows[name] = {
            f"difference, {score.label}": f"{e.value:+{score.spec}}",
            "95 % interval": e.interval(f"+{score.spec}"),
            "seeds": e.n,
            "says": says,
        }
    return pd.DataFrame(rows).T


def _says(e: Estimate) -> str:
    return "better" if e.low > 0 else "worse" if e.high < 0 else "nothing: the interval holds zero"


def curves(arms: Tuned, score: Score) -> dict[str, dict[float, Estimate]]:
    """By start, the score at each number of training examples (of all, as many as there were)."""
    found: dict[str, dict[float, Estimate]] = {}
    for arm, records in arms.items():
        count = records[0].metrics["train/examples"]
        found.setdefault(named(arm.start), {})[count] = estimate(records, score)
    return found


def pays(arms: Tuned, score: Score, start: str = MLE) -> dict[str, Estimate]:
    """Score of a start minus that of the network from scratch, by the number of examples that both learned from."""
    sizes = [arm.examples for arm in arms if arm.start == start and Arm(SCRATCH, arm.examples) in arms]
    return {
        f"{size:,} examples" if size else "all examples": difference(
            arms[Arm(start, size)], arms[Arm(SCRATCH, size)], score
        )
        for size in sizes
    }
