"""A tiny seeded run against stored losses: whoever changes results must raise `NUMERICS` and store new ones.

    python -m tests.runs.test_numerics

stores them, after `lmstudy.runs.identity.NUMERICS` was raised.
"""

import json
from pathlib import Path

import pytest
import torch

from lmstudy.compose import compose_config
from lmstudy.config import build
from lmstudy.data.batch import Shape
from lmstudy.data.datamodule import Phase, TrainingBatches
from lmstudy.runs.identity import NUMERICS
from tests.data.fake_documents import random_documents

STORED = Path(__file__).with_name("numerics.json")
OPTIMIZERS = ("adamw", "muon")
TASKS = ("prefix_lm", "span_corruption", "mixture")


def losses(optimizer: str, task: str) -> list[float]:
    """Losses of ten steps of the smallest model on made-up documents."""
    config = compose_config(
        "train", ["budget=smoke", "model=transformer", f"optimizer={optimizer}", f"pretraining={task}"]
    )
    torch.manual_seed(1)
    model = build(config["model"], "model", vocab_size=600, max_positions=128)
    objective, settings = build(config["objective"], "objective"), build(config["optimizer"], "optimizer")
    updates = settings.build(model)
    schedule = torch.optim.lr_scheduler.LambdaLR(updates, lambda step: settings.factor(step, 10))
    loader = TrainingBatches(
        [Phase(0, random_documents(100))], build(config["pretraining"], "pretraining"), Shape(4, 64, 128, 48), 1
    )
    values = []
    for _, batch in zip(range(10), loader, strict=False):
        loss = objective(model(batch), batch.labels, None).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
        updates.step()
        schedule.step()
        updates.zero_grad()
        values.append(float(loss.detach()))
    return values


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("task", TASKS)
def test_losses_are_those_stored_for_this_numerics_version(optimizer, task):
    stored = json.loads(STORED.read_text())
    assert stored["numerics"] == NUMERICS, "run `python -m tests.runs.test_numerics` to store this version's losses"
    assert losses(optimizer, task) == pytest.approx(stored["losses"][f"{optimizer} {task}"], rel=1e-4), (
        "results have changed: raise lmstudy.runs.identity.NUMERICS and store new losses"
    )


if __name__ == "__main__":
    if STORED.exists() and json.loads(STORED.read_text())["numerics"] >= NUMERICS:
        raise SystemExit(f"numerics {NUMERICS} are stored: raise lmstudy.runs.identity.NUMERICS first")
    found = {f"{optimizer} {task}": losses(optimizer, task) for optimizer in OPTIMIZERS for task in TASKS}
    STORED.write_text(json.dumps({"numerics": NUMERICS, "losses": found}, indent=1) + "\n")
