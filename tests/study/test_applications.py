"""Fine-tunings by what they start from: found, or made with the pretraining that they need."""

import pytest

from lmstudy.config import TrainConfig, check
from lmstudy.errors import StudyError
from lmstudy.runs.phases import check_scorer
from lmstudy.study.applications import SCRATCH, STARTS, Arm, pretrained, pretraining_config, tuned
from tests.test_configs import ALL

FAST = ["steps=4", "evaluate_every=2", "batch=8", "optimizer.warmup_steps=1", "test_examples=20"]
LOOPS = ["task._target_=tests.tasks.made_tasks.Loops", "~task.texts"]


def test_every_task_that_ships_has_a_pretraining_that_trains_its_encoder():
    assert set(STARTS) == {choice for group, choice in ALL if group == "task"}
    for task, starts in STARTS.items():
        for start in starts:
            config = pretraining_config(task, start, 2, "runs")
            several = config["data"]["_target_"].endswith("PythonFunctions")  # segments: lines
            assert config["pretraining"]["_target_"].endswith("PrefixLM" if several else ".Mixture")
            assert (config["seed"], config["budget"]["name"]) == (2, "medium")
            check_scorer(check(TrainConfig, config))
    with pytest.raises(StudyError, match="task='cooking' has no pretraining of its own; choose from sentiment"):
        pretraining_config("cooking", "MLE", 1, "runs")
    with pytest.raises(StudyError, match="start='scratch' of task=sentiment is not one of scratch, T5, MLE"):
        pretraining_config("sentiment", SCRATCH, 1, "runs")


@pytest.mark.slow
def test_what_is_missing_is_made_once_and_only_if_asked_for(small, tmp_path, monkeypatch):
    runs = tmp_path / "runs"
    monkeypatch.setitem(STARTS, "sentiment", {"MLE": ("experiment=sentiment", "pretraining=mixture")})
    pretraining = list(small)
    data = [override for override in small if override.startswith("data")]
    asked = ("sentiment", [SCRATCH, "MLE"], [24], [1])
    more = [*FAST, *LOOPS, *data, "logger=csv", "trainer.threads=1", "budget=smoke"]
    none = tuned(*asked, *more, runs=str(runs), pretraining=pretraining, train=False)
    assert none == {}
    assert not list(runs.glob("*/record.json"))
    found = tuned(*asked, *more, runs=str(runs), pretraining=pretraining)
    assert set(found) == {Arm(start, 24) for start in (SCRATCH, "MLE")}
    assert [record.metrics["train/examples"] for record in found[Arm("MLE", 24)]] == [24]
    base = pretrained("sentiment", "MLE", 1, str(runs), pretraining)
    assert found[Arm("MLE", 24)][0].config["run"] == base.id
    assert "run" not in {k for k, v in found[Arm(SCRATCH, 24)][0].config.items() if v is not None}
    again = tuned(*asked, *more, runs=str(runs), pretraining=pretraining, train=False)
    assert {arm: [r.id for r in own] for arm, own in again.items()} == {
        arm: [r.id for r in own] for arm, own in found.items()
    }
    next(runs.glob(f"*{base.id}/model.safetensors")).unlink()
    with pytest.raises(StudyError, match="the weights are gone"):
        tuned("sentiment", ["MLE"], [30], [1], *more, runs=str(runs), pretraining=pretraining)
