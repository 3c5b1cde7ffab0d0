"""What the faults of earlier code do, what training with preferences breaks, and how far steering reaches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate, paired_difference, paired_ratio_of_means, seed_interval
from lmstudy.runs.records import Record
from lmstudy.show.curves import curve_panels
from lmstudy.study.claims import Compute
from lmstudy.study.estimates import GRADERS, common_seeds, mean, mean_metric, sums, times
from lmstudy.study.estimates import UNPROMPTED as TRAINING
from lmstudy.study.preferences import BEST_OF, GUIDANCE, PER_THOUSAND, UNITS, arm, graded, judged_arm
from lmstudy.study.shelf import NoRecordsError, Shelf

FAULTS = (
    "MLE",
    "unlikelihood, as released",
    "unlikelihood",
    "RWR, as released",
    "RWR",
    "RWR, divided twice",
    "AWR, β = 10, raw",
    "AWR",
)
PUSHED: dict[str, dict[float, tuple[str, ...]]] = {
    "guidance": {1.0: ("conditional",)} | {g: ("conditional", *asked) for g, asked in GUIDANCE.items()},
    "best of": {1.0: ("MLE",)} | {n: ("MLE", *asked) for n, asked in BEST_OF.items()},
    "onset": {
        0.0: ("conditional",),
        20.0: ("conditional, onset 20 %",),
        60.0: ("conditional, onset 60 %",),
        100.0: ("MLE",),
    },
}
"""Arms, and how their samples are asked for, by strength of guidance, number of samples that the best is chosen from,
and per cent of the steps before control tokens come in (at 100 % it is maximum likelihood)."""
ENDS = {0.0, 1.0, 100.0}
"""What is measured in any case: without a point in between there is no curve."""
RED_TEAM_ROUNDS = 5
Curve = dict[float, Estimate]


def fault(released: str, repaired: str, task: str = "privacy") -> Compute:
    """How many times more misaligned an arm is as released than repaired."""
    return lambda shelf: times(judged_arm(shelf, task, released), judged_arm(shelf, task, repaired))


def charged(shelf: Shelf, task: str = "privacy") -> Estimate:
    """Bits per byte that the conditional model seems to need more when it pays for control tokens nobody asked for."""
    runs = arm(shelf, task, "conditional")
    both = [shelf.measured(runs, "measure=capability", f"measure.renormalised={own}") for own in ("false", "true")]
    first, second = (sums(found, "valid") for found in common_seeds(*both))
    return paired_difference(first, second)


def grader_gap(shelf: Shelf, task: str, better: str = "conditional", reference: str = "MLE") -> Estimate:
    """Improvement over the reference as the training scorer sees it, divided by that of the held-out grader.

    Improvements are ratios of means; over seeds, on the scale of logarithms.
    """
    first, second = common_seeds(judged_arm(shelf, task, reference), judged_arm(shelf, task, better))
    gaps = []
    for one, other in zip(first, second, strict=True):
        seen, held = (paired_ratio_of_means(sums([one], key), sums([other], key)) for key in GRADERS.values())
        gaps.append(math.log(seen.value / held.value))
    found = seed_interval(gaps)
    value, low, high = (math.exp(x) for x in (found.value, found.low, found.high))
    return Estimate(value, low, high, found.n, found.confidence, found.df)


def spread_of_seeds(shelf: Shelf, task: str = "privacy", name: str = "MLE") -> Estimate:
    """Standard deviation between seeds over the standard error that the texts of one seed suggest.

    The interval is that of the deviation between seeds (chi squared); what texts suggest is taken as known.
    """
    from scipy.stats import chi2

    own = judged_arm(shelf, task, name)
    if len(own) < 2:
        raise StudyError(f"{name} has {len(own)} seed: a spread between seeds needs two")
    values = np.array([record.metrics[f"{TRAINING}/mean"] for record in own])
    within = np.mean([standard_error(record) for record in own])
    free = len(own) - 1
    ratio = values.std(ddof=1) / within
    low, high = (ratio * math.sqrt(free / chi2.ppf(share, free)) for share in (0.975, 0.025))
    return Estimate(float(ratio), float(low), float(high), len(own))


def standard_error(record: Record) -> float:
    """Of the mean score of one seed, as its texts suggest."""
    found = mean([record])
    return (found.high - found.value) / 1.96


def red_team_lower(shelf: Shelf, task: str, name: str = "conditional", reference: str = "MLE") -> Estimate:
    """How many times lower an arm's misalignment is than the reference's on its own worst prompts, asked anew."""
    return times(_red_team(shelf, task, reference), _red_team(shelf, task, name), "red_team/again")


def _red_team(shelf: Shelf, task: str, name: str) -> list[Record]:
    return shelf.measured(arm(shelf, task, name), f"measure=red_team_{task}")


def red_team_curves(shelf: Shelf, task: str, names: Sequence[str] = ("MLE", "conditional")) -> dict[str, Curve]:
    """Mean misalignment of replies by round, over seeds and prompts; the last are the worst prompts, asked anew."""
    keys = [*(f"red_team/{number}" for number in range(RED_TEAM_ROUNDS + 1)), "red_team/again"]
    found = {}
    for name in names:
        with suppress(NoRecordsError):
            own = _red_team(shelf, task, name)
            found[name] = {float(n): mean(own, key).times(PER_THOUSAND[task]) for n, key in enumerate(keys)}
    return found


def pushed(shelf: Shelf, task: str, what: str) -> dict[float, list[Record]]:
    """The measurements of each point of `PUSHED` that has any; nothing if only its ends have."""
    found = {}
    for x, (name, *asked) in PUSHED[what].items():
        with suppress(NoRecordsError):
            found[x] = judged_arm(shelf, task, name, *asked)
    return found if set(found) - ENDS else {}


def pushed_curves(shelf: Shelf, task: str, what: str) -> dict[str, Curve]:
    """Mean misalignment of each point of `PUSHED`, by grader."""
    levels = {x: graded(task, own) for x, own in pushed(shelf, task, what).items()}
    return {grader: {x: own[grader] for x, own in levels.items()} for grader in GRADERS} if levels else {}


def drawn(
    found: dict[str, Curve],
    xlabel: str,
    task: str,
    override: str,
    *,
    log_x: bool = False,
    enlarged: float | None = None,
) -> Figure | None:
    """Curves of a task, and once more from x = `enlarged` on, where they are low.

    Where nobody measured them, a line tells which override makes the records.
    """
    if not found:
        print(f"There is no published record of this yet. To make one, see How to reproduce: {override}.")
        return None
    panels = {"": found}
    if enlarged is not None:
        last = {name: {x: e for x, e in curve.items() if x >= enlarged} for name, curve in found.items()}
        panels = {"all": found, f"from {enlarged:g} on, enlarged": last}
    return curve_panels(panels, xlabel, UNITS[task], columns=len(panels), log_x=log_x, from_zero=True)


def fault_table(shelf: Shelf, task: str) -> pd.DataFrame:
    """Misalignment of each objective as released and repaired by both graders, bad samples, what is known of the runs.

    Those that nobody measured are left out.
    """
    rows = {}
    for name in FAULTS:
        with suppress(NoRecordsError):
            own = judged_arm(shelf, task, name)
            rows[name] = graded(task, own) | {
                "samples with any, %": mean(own, f"{TRAINING}/bad").times(100).value,
                "bits per byte": mean_metric(arm(shelf, task, name), "valid/bits_per_byte"),
                "seeds": len(own),
            }
    return pd.DataFrame.from_dict(rows, orient="index", dtype=object)


def strength_table(shelf: Shelf, task: str) -> pd.DataFrame:
    """What guidance does to the texts: length, endings, diversity."""
    columns = {
        "share of texts that end": "unprompted/finished",
        "characters a text": "diversity/characters",
        "distinct-2": "diversity/distinct_2",
        "self-BLEU": "diversity/self_bleu",
        "repeated 4-grams": "diversity/repeated",
    }
    rows = {
        f"{strength:g}": {title: mean_metric(own, key) for title, key in columns.items()}
        for strength, own in pushed(shelf, task, "guidance").items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("strength")
