"""What a prediction can be about, from records to an estimate."""

import numpy as np
import pytest

from lmstudy.study.shelf import Shelf
from tests.claim_records import trained
from tests.study.drafts import DRAFT, MODELS, add, entry, measured, records, written


def test_each_seed_can_be_judged_by_a_grader_of_its_own(checkout):
    """Seed 1 gains 1 by its grader, seed 2 gains 2 by its own; other graders would say something else."""
    draft = DRAFT[0] | {"statistic": "more", "keys": ["by/one", "by/two", "by/three"]}
    assert add([draft]) == 0
    found = records()
    for one in found:
        if one.kind == "evaluation":
            worse = {1: 1.0, 2: 2.0, 3: 3.0}[one.seed] if one.config["run"]["config"]["model"] == MODELS[0] else 0.0
            by = dict(zip((1, 2, 3), ("by/one", "by/two", "by/three"), strict=True))
            one.groups.update({key: [[-9.0, 1.0]] * 4 for key in by.values()})
            one.groups[by[one.seed]] = [[worse, 1.0]] * 4
    written(found, checkout)
    estimate = entry().prediction.compute(Shelf.open("runs", makes=False))
    assert estimate.value == pytest.approx(2.0)
    assert estimate.n == 3
    assert (estimate.high - estimate.low) / 2 == pytest.approx(4.3027 * 1.0 / 3**0.5, rel=1e-2)


def test_one_arm_alone_is_predicted_on_these_documents(checkout):
    """The interval is over seeds: that documents differ from each other by far more is no part of it."""
    draft = {key: value for key, value in DRAFT[0].items() if key != "second"} | {"statistic": "bits", "above": 1.5}
    assert add([draft]) == 0
    first = records()[:6]
    written(first, checkout)
    estimate = entry().prediction.compute(Shelf.open("runs", makes=False))
    sums = [np.sum(one.groups["valid"], axis=0) for one in first if one.kind == "evaluation"]
    own = [bits / size for bits, size in sums]
    assert estimate.value == pytest.approx(np.mean(own), rel=1e-6)
    assert estimate.high - estimate.low == pytest.approx(2 * 4.3027 * np.std(own, ddof=1) / 3**0.5, rel=1e-3)
    assert estimate.n == 3


def test_a_trend_is_the_factor_per_doubling_over_its_rungs(checkout):
    """Half as many, a quarter, an eighth of the other arm's, after 1, 4 and 16 times the arithmetic."""
    steps = ["budget.steps=100", "budget.steps=400", "budget.steps=1600"]
    first, second = DRAFT[0]["first"]["train"], DRAFT[0]["second"]["train"]
    rungs = [{"first": {"train": [*first, one]}, "second": {"train": [*second, one]}} for one in steps]
    then = [rung | {"doublings": 2.0 * number} for number, rung in enumerate(rungs[1:], start=1)]
    draft = DRAFT[0] | rungs[0] | {"statistic": "trend", "key": "items", "then": then, "above": None, "below": 1}
    assert add([{key: value for key, value in draft.items() if value is not None}]) == 0
    found = []
    for number, rung in enumerate(rungs):
        for arm, items in (("first", 4096 / 2 ** (number + 1)), ("second", 4096.0)):
            for seed in (1, 2, 3):
                run = trained(1000 * number + 100 * (arm == "first") + seed, *rung[arm]["train"], seed=seed)
                judged = measured(run, int(run.id, 16) + 50, 2.0)
                judged.groups["items"] = [[items / 4, 1000.0]] * 4
                found += [run, judged]
    written(found, checkout)
    prediction = entry().prediction
    assert all(arm.configuration for arm in prediction.arms.values())
    estimate = prediction.compute(Shelf.open("runs", makes=False))
    assert estimate.value == pytest.approx(0.5**0.5, rel=2e-3)
    assert estimate.n == 3


ARMS = {arm: DRAFT[0][arm] for arm in ("first", "second")}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"statistic": "trend"}, "then: trend needs a list of further rungs"),
        (
            {"then": [{**ARMS, "doublings": 2}]},
            "nothing else has one",
        ),
        ({"statistic": "trend", "then": [{"first": DRAFT[0]["first"], "doublings": 2}]}, "second"),
        (
            {"statistic": "trend", "above": 1, "then": [{**ARMS, "doublings": 2}]},
            "two of its arms compose to the same runs",
        ),
    ],
)
def test_a_trend_without_rungs_of_its_own_is_refused(checkout, capsys, changed, message):
    assert add([DRAFT[0] | changed]) == 1
    assert message in capsys.readouterr().err
