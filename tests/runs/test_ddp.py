"""Two processes with half of each batch learn what one process with the whole batch learns."""

import os
import subprocess

import pytest

from lmstudy.compose import compose_config
from lmstudy.runs.pretraining import open_run, train
from lmstudy.runs.records import load
from tests.conftest import command


@pytest.mark.slow
def test_two_processes_equal_one_over_twenty_steps(tiny):
    settings = [*tiny, "budget.steps=20", "trainer.log_every=1", "trainer.precision=32-true"]
    placed = {1: ["trainer=cpu"], 2: ["trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2"]}
    records = {}
    for processes, place in placed.items():
        overrides = [*settings, *place, "trainer.precision=32-true", "trainer.threads=1", "trainer.log_every=1"]
        if processes == 1:
            records[1] = train(compose_config("train", overrides))
            continue
        done = subprocess.run(
            command("train", *overrides), capture_output=True, text=True, check=False,
            env={**os.environ, "MASTER_ADDR": "127.0.0.1"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        records[processes] = load(open_run(compose_config("train", overrides)).record_path)
    one, two = records[1], records[2]
    assert len(one.curves["train/loss"]["step"]) == 20
    for name in ("train/loss", "train/gradient_norm"):
        assert two.curves[name]["value"] == pytest.approx(one.curves[name]["value"], abs=1e-4)
    assert two.metrics["train/tokens"] == one.metrics["train/tokens"]
    for name in ("bits_per_byte", "accuracy", "recall", "f1", "loss"):
        assert two.metrics[f"valid/{name}"] == pytest.approx(one.metrics[f"valid/{name}"], abs=1e-4)
    for (bits, size), (bits_2, size_2) in zip(one.groups["valid"], two.groups["valid"], strict=True):
        assert size == size_2
        assert bits == pytest.approx(bits_2, rel=1e-3, abs=0.05)
