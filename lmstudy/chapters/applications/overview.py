"""All applications side by side: scores, what pretraining gains, what preferences cost, what sources save."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from lmstudy.chapters.applications.scores import against, answerers, named
from lmstudy.evaluation.statistics import Estimate
from lmstudy.runs.records import Record
from lmstudy.show.numbers import number
from lmstudy.study.applications import MLE, SCRATCH, UNTRAINED, Arm, Tuned
from lmstudy.study.estimates import mean_metric
from lmstudy.study.shelf import Shelf
from lmstudy.study.task_scores import BITS, PER_CENT, SOURCE, TITLES, Score, difference, estimate, main_score

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


def _in_per_cent(e: Estimate, reference: Sequence[Record], score: Score) -> Estimate:
    return e.times(PER_CENT / estimate(reference, score).value)


def pretraining_gains(everything: Everything, sizes: Collection[int | None] | None = None) -> dict[str, Estimate]:
    """By how many per cent maximum likelihood scores above the network from scratch, by task and number of training
    examples (of `sizes`; None: all)."""
    found = {}
    for task, size, first, second in _pairs(everything):
        if sizes is None or size in sizes:
            score = main_score(task)
            found[_title(task, size)] = _in_per_cent(difference(first, second, score), second, score)
    return found


def pretraining_bits(everything: Everything) -> dict[str, Estimate]:
    """Bits per byte of people's answers, of maximum likelihood minus those of the network from scratch, by task and
    number of training examples; where answers are written."""
    pairs = _pairs(everything)
    return {_title(task, size): difference(a, b, BITS) for task, size, a, b in pairs if _is_written(a)}


def _pairs(everything: Everything) -> list[tuple[str, int | None, list[Record], list[Record]]]:
    """Task, number of training examples, and the fine-tunings from maximum likelihood and from scratch."""
    return [
        (task, size, records, arms[Arm(SCRATCH, size)])
        for task, arms in everything.items()
        for (start, size), records in sorted(arms.items(), key=lambda one: one[0].examples or float("inf"))
        if start == MLE
    ]


def _title(task: str, size: int | None) -> str:
    return f"{TITLES[task]}, {size:,}" if size else TITLES[task]


def _is_written(records: Sequence[Record]) -> bool:
    return f"test/{BITS.row}" in records[0].groups


def preference_costs(everything: Everything, at: int | None) -> dict[str, dict[str, Estimate]]:
    """By how many per cent every other objective scores above maximum likelihood, by task and by objective."""
    found: dict[str, dict[str, Estimate]] = {}
    for task, arms in everything.items():
        score, reference = main_score(task), arms[Arm(MLE, at)]
        apart = {name: _in_per_cent(e, reference, score) for name, e in against(arms, at, score).items()}
        found |= {TITLES[task]: apart} if apart else {}
    return found


def preference_bits(everything: Everything, at: int | None) -> dict[str, dict[str, Estimate]]:
    """Bits per byte of people's answers, of every other objective minus those of maximum likelihood, by task and by
    objective; where answers are written."""
    written = {task: arms for task, arms in everything.items() if _is_written(arms[Arm(MLE, at)])}
    found = {TITLES[task]: against(arms, at, BITS) for task, arms in written.items()}
    return {title: apart for title, apart in found.items() if apart}


def verdicts(found: Mapping[str, Estimate] | Mapping[str, Mapping[str, Estimate]]) -> str:
    """How many of some differences are clear of zero, and how many would be by luck, in a few sentences.

    Args:
        found: differences by name, or by title and name.
    """
    each: dict[str, Estimate] = {}
    for name, own in found.items():
        each |= {name: own} if isinstance(own, Estimate) else {f"{name}: {part}": e for part, e in own.items()}
    above = [name for name, e in each.items() if e.low > 0]
    below = [name for name, e in each.items() if e.high < 0]
    sides = [
        f"{len(names)} lie{'s' * (len(names) == 1)} wholly {side} it ({'; '.join(names)})"
        if names
        else f"none lies wholly {side} it"
        for side, names in (("above", above), ("below", below))
    ]
    return (
        f"Of {len(each)} intervals, {len(each) - len(above) - len(below)} hold zero, {sides[0]}, and {sides[1]}. "
        f"If there were no difference anywhere, luck alone would put {BY_LUCK * len(each):.1f} of so many beside zero."
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
