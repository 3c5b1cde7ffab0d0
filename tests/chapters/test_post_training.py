"""The chapter on post-training: whose runs became what, and what the ways cost."""

import pytest

from lmstudy.chapters.post_training import post_training as chapter
from lmstudy.errors import StudyError
from lmstudy.runs.dpo import dpo_of
from lmstudy.study.shelf import NoRecordsError, Shelf
from tests.chapters.result_records import judged, of_task, trained
from tests.claim_records import composed, record


def tuned(base):
    asked = (*chapter.FINE_TUNING[1:], f"start='{base.id}'")
    return trained("privacy", "conditional", base.seed, asked=asked)


def optimised(base, **metrics):
    asked_for = composed("dpo", "run=any", "measure=privacy", *chapter.DPO)
    changes = {"metrics": {"train/tokens": 7e4, "valid/bits_per_byte": 2.1, **metrics}}
    return record(100 + base.seed, "train", dpo_of(asked_for, base), 2.1, seed=base.seed, **changes)


@pytest.fixture(scope="module")
def bases():
    return [trained("privacy", chapter.BASE, seed) for seed in (1, 2)]


@pytest.fixture(scope="module")
def arms():
    return of_task("privacy", {"MLE": 0.002, "conditional": 0.0005})


def test_what_became_of_a_run_is_told_by_how_it_was_trained(bases):
    after, dpo = tuned(bases[0]), optimised(bases[0])
    shelf = Shelf([*bases, after, dpo])
    assert chapter.conditionally_tuned(shelf, "privacy", bases) == [after]
    assert chapter.optimised(shelf, "privacy", bases) == [dpo]
    assert chapter.arm(shelf, "privacy", chapter.BASE) == bases
    with pytest.raises(NoRecordsError, match=f"of what became of {bases[1].name}"):
        chapter.optimised(shelf, "privacy", bases[1:])


def test_ways_cost_what_their_tokens_say(arms, bases):
    after = [optimised(base, **{"compute/sampled_tokens": 105_000.0}) for base in bases]
    measured = [judged(run, 0.0002) for run in after]
    table = chapter.ways(Shelf([*arms, *bases, *after, *measured]), "privacy")
    assert list(table.index) == [chapter.NAMES[name] for name in ("MLE", "dpo", "conditional")]
    row = table.loc[chapter.NAMES["dpo"]]
    assert row["training scorer"].value == pytest.approx(0.2, rel=0.05)
    # (70,000 + 105,000 / 3) tokens at 700,000 / 400 a step are 60 steps on top of 320
    assert (row["cost in steps"], row["seeds"]) == (380, 2)
    assert table["cost in steps"].iloc[0] == 400
    with pytest.raises(StudyError, match="not a training run"):
        chapter.equivalent_steps(measured[0], after[0])


def test_post_training_is_compared_with_conditional_pretraining(arms, bases):
    after = [tuned(base) for base in bases]
    shelf = Shelf([*arms, *bases, *after, *(judged(run, 0.001) for run in after)])
    e = chapter.against(chapter.conditionally_tuned)(shelf)
    assert (e.value, e.n) == (pytest.approx(2, rel=0.1), 2)
    assert chapter.cost(chapter.conditionally_tuned)(shelf).value == pytest.approx(-0.5, abs=1)
