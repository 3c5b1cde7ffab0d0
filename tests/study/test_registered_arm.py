"""An arm of a prediction may go on from its runs by `lmstudy-dpo`."""

import pytest

from lmstudy.compose import compose_config
from lmstudy.errors import StudyError
from lmstudy.runs.dpo import dpo_of
from lmstudy.study import register
from lmstudy.study.registered_arm import Arm
from lmstudy.study.shelf import NoRecordsError, Shelf
from tests.claim_records import record, trained
from tests.study.drafts import DRAFT, add, entry

TRAIN = ["experiment=privacy", "budget=short", "objective=mle"]


def became(number, base, *overrides):
    """A record of what `lmstudy-dpo` made of a run."""
    config = dpo_of(compose_config("dpo", ["run=any", *overrides]), base)
    return record(number, "train", config, 2.0, seed=base.seed)


def test_its_runs_are_what_became_of_each_seed_by_its_own_settings():
    bases = [trained(10 + seed, *TRAIN, seed=seed) for seed in (1, 2)]
    ipo = [became(20 + base.seed, base, "loss=ipo", "steps=45") for base in bases]
    other = [became(30 + base.seed, base, "loss=ipo", "steps=46") for base in bases]
    shelf = Shelf([*bases, *ipo, *other])
    assert Arm(TRAIN).runs(shelf, [1, 2]) == bases
    assert Arm(TRAIN, dpo=["loss=ipo", "steps=45"]).runs(shelf, [2, 1]) == ipo
    with pytest.raises(NoRecordsError):
        Arm(TRAIN, dpo=["loss=kto", "steps=45"]).runs(shelf, [1, 2])


def test_what_is_learned_afterwards_is_part_of_what_was_composed():
    dpo = [None, ["loss=dpo"], ["loss=ipo"], ["loss=ipo", "beta=0.2"], ["loss=ipo", "optimizer.lr=1e-3"]]
    assert len({Arm(TRAIN, dpo=overrides).composed for overrides in dpo}) == len(dpo)
    assert Arm(TRAIN, dpo=["loss=ipo", "logger=csv"]).composed == Arm(TRAIN, dpo=["loss=ipo"]).composed


@pytest.mark.parametrize(("override", "named"), [("run=1", "run=1"), ("seed=3", "seed=3"), ("beta=-1", "beta")])
def test_settings_that_are_no_part_of_an_arm_are_named(override, named):
    with pytest.raises(StudyError, match=named):
        Arm(TRAIN, dpo=[override]).composed  # noqa: B018


def test_a_registered_one_is_read_back_and_the_hash_of_one_without_is_as_before(checkout):
    add([DRAFT[0] | {"first": DRAFT[0]["first"] | {"dpo": ["loss=kto"]}}])
    assert entry().prediction.first.dpo == ["loss=kto"]
    assert "dpo" in entry().prediction.content["first"]
    assert "dpo" not in entry().prediction.content["second"]
    kept = register.read(register.folder())
    assert list(kept) == [entry().prediction.hash]
