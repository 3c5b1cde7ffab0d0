"""DPO of a finished run is a training run: made once, resumed, listed, measured, told from what it started from."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from lmstudy.chapters.post_training.post_training import equivalent_steps
from lmstudy.commands import runs as runs_cli
from lmstudy.commands.dpo import dpo
from lmstudy.compose import compose_config
from lmstudy.errors import StudyError
from lmstudy.measures.evaluate import evaluate
from lmstudy.runs import pretraining as runs_module
from lmstudy.runs.dpo import train_dpo, training_config
from lmstudy.runs.finished import load_run
from lmstudy.runs.pretraining import open_run, train
from lmstudy.runs.records import Record, load
from lmstudy.study.shelf import Shelf

SMALL = [
    "samples=24", "pairs=8", "steps=8", "optimizer.lr=0.0003", "trainer.threads=1", "trainer.log_every=1",
]  # fmt: skip


def dpo_config(base: str, runs: Path) -> dict[str, Any]:
    return compose_config("dpo", [f"run='{base[:8]}'", *SMALL, f"runs={runs}"])


@pytest.fixture(scope="module")
def made(small, tmp_path_factory) -> tuple[Path, str, str]:
    """A folder with a run that has a scorer and its DPO, once for all tests, and the folders of both."""
    runs = tmp_path_factory.mktemp("made")
    overrides = ["scorer=pep8", "scorer.family=all", "budget.steps=30", "budget.evaluate_every=30"]
    config = compose_config("train", [*small, *overrides, f"runs={runs}"])
    base = train(config)
    tuned = training_config(dpo_config(base.id, runs))
    train(tuned)
    return runs, open_run(config).folder.name, open_run(tuned).folder.name


@pytest.fixture
def runs(made, tmp_path) -> Path:
    """A copy of the folder for a test of its own."""
    return Path(shutil.copytree(made[0], tmp_path / "runs"))


@pytest.fixture
def base(made, runs) -> Record:
    return load(runs / made[1] / "record.json")


@pytest.fixture
def folder(made, runs) -> Path:
    """Of the DPO run."""
    return runs / made[2]


@pytest.fixture
def record(folder) -> Record:
    return load(folder / "record.json")


@pytest.fixture
def config(base, runs) -> dict[str, Any]:
    return dpo_config(base.id, runs)


def test_a_run_that_was_made_is_not_made_again(config, record, folder, capsys):
    assert train_dpo(config) == record
    assert "exists, nothing to train" in capsys.readouterr().err
    assert not list(folder.rglob("*.ckpt"))
    dpo(config)
    assert capsys.readouterr().out.split()[:3] == [record.id, record.name, "valid/bits_per_byte"]


def test_it_is_a_training_run_that_is_not_the_base(record, folder, base):
    assert (record.kind, record.name, record.seed) == ("train", "pep8-dpo-transformer-smoke-s1", 1)
    assert record.config["start"] == base.id
    assert record.config["dpo"]["beta"] == 0.1
    assert record.data == base.data
    shelf = Shelf([base, record])
    assert [shelf.known("train", one.config, one.seed) for one in (record, base)] == [record, base]
    again = evaluate(compose_config("evaluate", [f"run='{record.id}'", f"runs={folder.parent}", "documents=24"]))
    assert again.metrics["valid/bits_per_byte"] == pytest.approx(record.metrics["valid/bits_per_byte"], rel=1e-5)
    listed = {row["id"]: row for row in runs_cli.list_runs(folder.parent)}
    assert "bits per byte on valid" in listed[record.id]["detail"]
    small = ["measure=pep8", "measure.samples=8", "measure.prompts=2", f"runs={folder.parent}"]
    measured = evaluate(compose_config("evaluate", [f"run='{record.id}'", *small]))
    assert measured.config["run"]["id"] == record.id
    assert "unprompted/training/mean" in measured.metrics


def test_it_learns_its_pairs_and_says_what_that_took(record, folder, base):
    metrics, curves = record.metrics, record.curves
    assert curves["train/loss"]["value"][0] == pytest.approx(0.693147, abs=1e-3)
    assert curves["train/margin"]["value"][0] == pytest.approx(0, abs=1e-3)
    assert np.mean(curves["train/loss"]["value"][-3:]) < 0.69
    assert np.mean(curves["train/accuracy"]["value"][-3:]) > 0.55
    assert {"train/chosen_drift", "valid/misalignment", "valid/bits_per_byte"} <= set(curves)
    assert metrics["valid/bits_per_byte"] < base.metrics["valid/bits_per_byte"] + 1
    assert metrics["dpo/texts"] == 24
    assert metrics["train/tokens"] > 8 * 8 * 2
    forward = metrics["compute/sampled_tokens"] + metrics["compute/reference_tokens"]
    per_step = base.metrics["train/tokens"] / 30
    assert equivalent_steps(record, base) == pytest.approx((metrics["train/tokens"] + forward / 3) / per_step)
    assert equivalent_steps(base, base) == pytest.approx(30)
    weights = load_file(folder / "model.safetensors")
    there = load_file(folder.parent / f"{base.name}-{base.id}" / "model.safetensors")
    assert weights.keys() == there.keys()
    assert not torch.equal(weights["embedding.weight"], there["embedding.weight"])


def test_a_stopped_training_goes_on_as_if_nothing_had_happened(config, record, folder, monkeypatch):
    shutil.rmtree(folder)
    halfway = {**config, "trainer": {**config["trainer"], "checkpoint_every": 5}}

    class StoppedError(Exception):
        pass

    def stop(*arguments):
        raise StoppedError

    with monkeypatch.context() as patched:
        patched.setattr(runs_module, "_evaluate", stop)
        with pytest.raises(StoppedError):
            train_dpo(halfway)
    assert list((folder / "checkpoints").glob("step=5.ckpt"))
    resumed = train_dpo(halfway)
    assert resumed.id == record.id
    for name in ("train/loss", "train/chosen_drift"):
        assert resumed.curves[name]["step"] == record.curves[name]["step"]
        assert resumed.curves[name]["value"] == pytest.approx(record.curves[name]["value"], rel=1e-4, abs=1e-5)
    assert resumed.metrics["valid/bits_per_byte"] == pytest.approx(record.metrics["valid/bits_per_byte"], rel=1e-5)
    assert resumed.metrics["train/tokens"] == record.metrics["train/tokens"]


def test_identity(config, base, record):
    run = lambda **changed: open_run(training_config({**config, **changed}))  # noqa: E731
    first = run()
    assert first.id == record.id
    assert first.id == run(run=base.id).id == run(logger={"names": []}).id == run(seed=1).id
    assert first.id == run(run=str(first.folder.parent / f"{base.name}-{base.id}")).id
    settings = {"beta": 0.2, "samples": 30, "temperature": 0.9, "partners": 2, "pairs": 3, "steps": 7, "seed": 5}
    assert len({first.id, *(run(**{key: value}).id for key, value in settings.items())}) == 1 + len(settings)


def as_if(base: Record, number: int, runs: Path, **changes: Any) -> str:
    """The id of a record like that of the base, with another configuration."""
    other = replace(base, id=f"{number:016x}", config={**base.config, **changes})
    other.write(runs / f"other-{other.id}" / "record.json")
    return other.id


def test_mistakes_are_named(config, base, runs):
    known = compose_config("train", ["scorer=pep8", "objective=conditional"])
    conditional = as_if(base, 1, runs, objective=known["objective"])
    unscored = as_if(base, 2, runs, scorer=None)
    sentiment = compose_config("train", ["scorer=sentiment"])["scorer"]
    before = sorted(runs.glob("*/record.json"))
    for changed, said in (
        ({"run": "zzz"}, "run=zzz: no finished run in"),
        ({"run": 3e7}, "reads as a number"),
        ({"run": conditional}, "writes behind control tokens"),
        ({"run": unscored}, "has no scorer; name one"),
        ({"scorer": sentiment}, "judges no others; name one that does, such as scorer=sentiment_reward"),
        ({"beta": 0.0}, r"beta=0\.0: input should be greater than 0"),
        ({"samples": 1}, "samples=1"),
        ({"temperatur": 1}, "temperatur: unknown key"),
        ({"trainer": {**config["trainer"], "devices": 2}}, "trainer.devices=2"),
        ({"pairs": 5000}, r"only \d+ pairs are left .* a step takes pairs=5000"),
    ):
        with pytest.raises(StudyError, match=said):
            train_dpo({**config, **changed})
    assert sorted(runs.glob("*/record.json")) == before


def test_it_can_be_opened_without_what_it_started_from(record, folder, base):
    shutil.rmtree(folder.parent / f"{base.name}-{base.id}")
    assert load_run(folder).run.id == record.id
