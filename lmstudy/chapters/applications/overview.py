"""All applications side by side: scores, what pretraining gains, what preferences cost, what sources save."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from lmstudy.chapters.applications.scores import answerers, named, others
from lmstudy.evaluation.statistics import Estimate
from lmstudy.runs.records import Record
from lmstudy.show.numbers import number
from lmstudy.study.applications import MLE, SCRATCH, UNTRAINED, Arm, Tuned
from lmstudy.study.estimates import mean_metric
from lmstudy.study.shelf import Shelf
from lmstudy.study.task_scores import PER_CENT, SOURCE, TITLES, Score, difference, estimate, main_score

Everything = Mapping[str, Tuned]
"""Fine-tunings by task."""
BY_LUCK = 0.05
"""Share of 95 % intervals that do not hold the truth."""


def overview(everything: Everything, known: Mapping[str, Record], at: int | None) -> pd.DataFrame:
    """A row a task: the first score of the best baseline, of networks from scratch, and of maximum likelihood."""
    rows = {}
    for task, arms in everything.items():
        score = main_score(task)
        rivals = {name: estimate([known[task]], score, name).value for name in answerers(known[task])}
        best = max(rivals, key=lambda name: rivals[name])
        rows[TITLES[task]] = {
            "score": score.label,
            "best rival": f"{number(rivals[best])} ({best})",
            **{
                named(arm.start): estimate(records, score)
                for arm, records in arms.items()
                if arm.examples == at and arm.start in (MLE, *UNTRAINED)
            },
        }
    return pd.DataFrame.from_dict(rows, orient="index", dtype=object)


def pretraining_gains(
    everything: Everything, score: Score | None = None, sizes: Collection[int | None] | None = None
) -> dict[str, Estimate]:
    """Score of maximum likelihood minus that of the network from scratch, by task and number of training examples.

    Args:
        everything: fine-tunings by task.
        score: of the tasks that have it; None: the first of each, in per cent of what the network from scratch has.
        sizes: training examples; None: all.
    """
    return {
        _title(task, size): _apart(task, records, arms[Arm(SCRATCH, size)], score)
        for task, arms in everything.items()
        for (start, size), records in sorted(arms.items(), key=lambda one: one[0].examples or float("inf"))
        if start == MLE and _has(records, score) and (sizes is None or size in sizes)
    }


def preference_costs(
    everything: Everything, at: int | None, score: Score | None = None
) -> dict[str, dict[str, Estimate]]:
    """Score of every other objective minus that of maximum likelihood, by task and by objective; `score` as above."""
    found = {
        TITLES[task]: {
            arm.start: _apart(task, records, arms[Arm(MLE, at)], score)
            for arm, records in others(arms, at).items()
            if _has(records, score)
        }
        for task, arms in everything.items()
    }
    return {title: apart for title, apart in found.items() if apart}


def _has(records: Sequence[Record], score: Score | None) -> bool:
    return score is None or f"test/{score.row}" in records[0].groups


def _apart(task: str, records: Sequence[Record], reference: Sequence[Record], score: Score | None) -> Estimate:
    if score:
        return difference(records, reference, score)
    main = main_score(task)
    return difference(records, reference, main).times(PER_CENT / estimate(reference, main).value)


def _title(task: str, size: int | None) -> str:
    return f"{TITLES[task]}, {size:,}" if size else TITLES[task]


def verdicts(found: Mapping[str, Estimate] | Mapping[str, Mapping[str, Estimate]]) -> str:
    """How many of some differences (by name, or by title and name) are clear of zero, and how many luck makes so."""
    each: list[Estimate] = []
    for own in found.values():
        each += [own] if isinstance(own, Estimate) else own.values()
    above, below = sum(e.low > 0 for e in each), sum(e.high < 0 for e in each)
    return (
        f"Of {len(each)} intervals:\n\n- around zero: {len(each) - above - below};\n"
        f"- wholly above it: {above or 'none'};\n- wholly below it: {below or 'none'}.\n\n"
        f"If there were no difference anywhere, chance alone would make {BY_LUCK * len(each):.1f} of them miss zero."
    )


def kept_steps(ways: Mapping[str, Everything], at: int | None) -> pd.DataFrame:
    """The optimiser step whose weights were kept, a mean over seeds, by task; `ways` by how they were kept."""
    return pd.DataFrame(
        {
            f"{named(start)}, {how}": {
                TITLES[task]: mean_metric(arms[Arm(start, at)], "best_step") for task, arms in tasks.items()
            }
            for how, tasks in ways.items()
            for start in (SCRATCH, MLE)
        }
    )


def sources(shelf: Shelf, tunings: Sequence[Record]) -> list[Record]:
    """The measurements of `SOURCE` (see `lmstudy.measures.source_use`) of fine-tunings, by seed.

    Raises:
        NoRecordsError: there is none, and the shelf makes none.
    """
    return shelf.measured(tunings, "measure=source", "split=test")


APART = "pretrained \u2212 from scratch"


def source_table(by_title: Everything) -> pd.DataFrame:
    """A row a title and a number of training examples: what sources save a network from scratch and a pretrained one,
    and the difference between them (`APART`)."""
    rows = {
        f"{title}, {size:,}" if size else title: {
            "from scratch": estimate(arms[Arm(SCRATCH, size)], SOURCE),
            "pretrained": estimate(records, SOURCE),
            APART: difference(records, arms[Arm(SCRATCH, size)], SOURCE),
        }
        for title, arms in by_title.items()
        for (start, size), records in arms.items()
        if start == MLE
    }
    return pd.DataFrame.from_dict(rows, orient="index", dtype=object)
