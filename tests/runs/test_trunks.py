"""A training that goes on from a shorter one's trunk becomes what it would have become alone."""

import json
import shutil

import pytest
from safetensors.torch import load_file

from lmstudy.compose import compose_config
from lmstudy.errors import StudyError
from lmstudy.runs.pretraining import open_run, train
from lmstudy.runs.trunks import FOLDER
from lmstudy.study.cost import hours_by_kind
from lmstudy.training.optimizers import Schedule


@pytest.fixture
def tiny(small, tmp_path):
    own = ["optimizer=muon_stable", "optimizer.warmup_steps=2", "trainer.log_every=2", "trainer.checkpoint_every=5"]
    return [*small, *own, f"runs={tmp_path / 'runs'}"]


def config_of(settings, steps, *extra):
    return compose_config("train", [*settings, "trunk=true", f"budget.steps={steps}", *extra])


def weights(config):
    return load_file(open_run(config).folder / "model.safetensors")


@pytest.mark.parametrize(("warmup", "steps", "leaves"), [(2, 10, 8), (60, 4800, 3840), (60, 150, 120), (0, 7, 5)])
def test_the_last_step_at_the_full_rate(warmup, steps, leaves):
    schedule = Schedule(warmup_steps=warmup, decay_share=0.2)
    assert schedule.full_until(steps) == leaves
    assert schedule.factor(leaves, steps) == 1 > schedule.factor(leaves + 1, steps)


@pytest.mark.slow
def test_a_longer_training_takes_the_trunk_and_ends_as_it_would_alone(tiny, tmp_path, capsys):
    short, long = (config_of(tiny, steps) for steps in (15, 30))  # the trunk of 15 steps ends at a validation
    first = train(short)
    assert first.metrics["train/shared_steps"] == 0
    assert [path.name for path in (tmp_path / "runs" / FOLDER).glob("*/*")] == ["step=12.ckpt"]
    capsys.readouterr()
    second = train(long)
    assert "goes on from step 12 of trunk" in capsys.readouterr().err
    assert second.metrics["train/shared_steps"] == 12
    assert 0 < second.metrics["train/shared_seconds"] < min(first.wall_seconds, second.wall_seconds)
    alone = config_of([*tiny, f"runs={tmp_path / 'alone'}"], 30)
    third = train(alone)
    assert third.id == second.id
    assert third.metrics["train/shared_steps"] == 0
    assert all((value == weights(alone)[name]).all() for name, value in weights(long).items())
    assert second.curves["train/loss"] == third.curves["train/loss"]
    assert second.curves["valid/bits_per_byte"] == third.curves["valid/bits_per_byte"]
    assert second.metrics["train/tokens"] == third.metrics["train/tokens"]
    both = sum(record.wall_seconds for record in (first, second)) - second.metrics["train/shared_seconds"]
    cores = first.config["trainer"]["threads"]
    assert hours_by_kind([first, second])["train"] == pytest.approx(both / 3600 * cores)


@pytest.mark.slow
def test_a_trunk_checkpoint_that_is_damaged_or_foreign_is_refused_and_left(tiny, tmp_path):
    train(config_of(tiny, 10))
    (path,) = (tmp_path / "runs" / FOLDER).glob("*/*")
    other = config_of(tiny, 20, "seed=2")
    train(config_of(tiny, 10, "seed=2"))
    place = next(folder for folder in (tmp_path / "runs" / FOLDER).iterdir() if folder != path.parent)
    shutil.copy(path, place / path.name)
    with pytest.raises(StudyError, match=f"is of trunk {path.parent.name} .* not of {place.name}"):
        train(other)
    (place / path.name).write_bytes(b"torn")
    with pytest.raises(StudyError, match="cannot be read: delete it"):
        train(other)
    assert (place / path.name).read_bytes() == b"torn"
    (place / path.name).unlink()
    assert train(other).metrics["train/shared_steps"] == 0


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        (["optimizer.decay_share=1.0"], "none is at the full rate before the decay"),
        (["scorer=pep8", "objective=conditional", "objective.onset=0.5"], "onset or a cooldown"),
    ],
)
def test_nothing_to_share_is_said_at_once(tiny, tmp_path, extra, reason):
    with pytest.raises(StudyError, match=reason):
        train(config_of(tiny, 10, *extra))
    assert not (tmp_path / "runs" / FOLDER).exists()


def test_sharing_is_no_part_of_identity(tiny):
    config = config_of(tiny, 10)
    assert open_run(config).id == open_run({**config, "trunk": False}).id
    assert json.dumps(open_run(config).config["trunk"]) == "true"
