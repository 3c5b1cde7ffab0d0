"""Fine-tunings by what they start from: found, or made with the pretraining that they need."""

import pytest

from lmstudy.compose import compose_config
from lmstudy.config import TrainConfig, check
from lmstudy.errors import StudyError
from lmstudy.runs.phases import check_scorer
from lmstudy.study.applications import SCRATCH, STARTS, Arm, arm_of, gather, pretrained, pretraining_overrides, tuned
from lmstudy.study.shelf import NoRecordsError, Shelf
from tests.test_configs import ALL

FAST = ["steps=4", "evaluate_every=2", "batch=8", "optimizer.warmup_steps=1", "test_examples=20"]
LOOPS = ["task._target_=tests.tasks.made_tasks.Loops", "~task.texts"]


def test_every_task_that_ships_has_a_pretraining_that_trains_its_encoder():
    assert set(STARTS) == {choice for group, choice in ALL if group == "task"}
    for task, starts in STARTS.items():
        for start in starts:
            config = compose_config("train", pretraining_overrides(task, start))
            several = config["data"]["_target_"].endswith("PythonFunctions")  # segments: lines
            assert config["pretraining"]["_target_"].endswith("PrefixLM" if several else ".Mixture")
            assert config["budget"]["name"] == "medium"
            check_scorer(check(TrainConfig, config))
    with pytest.raises(StudyError, match="task='cooking' has no pretraining of its own; choose from sentiment"):
        pretraining_overrides("cooking", "MLE")
    with pytest.raises(StudyError, match="start='scratch' of task=sentiment is not one of scratch, T5, MLE"):
        pretraining_overrides("sentiment", SCRATCH)


def test_what_is_not_there_is_named():
    with pytest.raises(StudyError, match="objectives: 'filtring' is not one of MLE, filtering"):
        gather(Shelf([]), "sentiment", objectives=["filtring"])
    with pytest.raises(NoRecordsError, match="task=sentiment fine-tuned from scratch with 7 examples"):
        arm_of(Shelf([]), "sentiment", SCRATCH, 7)


@pytest.mark.slow
def test_what_is_missing_is_made_once_and_only_if_asked_for(small, tmp_path, monkeypatch):
    runs = tmp_path / "runs"
    monkeypatch.setitem(STARTS, "sentiment", {"MLE": ("experiment=sentiment", "pretraining=mixture")})
    monkeypatch.setenv("LMSTUDY_RECORDS", str(tmp_path))
    pretraining = [*small, f"runs={runs}"]
    own = [*FAST, *LOOPS, *(one for one in small if one.startswith("data")), "logger=csv", "trainer.threads=1"]
    own += ["budget=smoke"]

    def found(starts, sizes, makes=True):
        return tuned(Shelf.open(str(runs), makes=makes), "sentiment", starts, sizes, [1], *own, pretraining=pretraining)

    both = [SCRATCH, "MLE"]
    assert found(both, [24], makes=False) == {}
    assert not list(runs.glob("*/record.json"))
    made = found(both, [24])
    assert set(made) == {Arm(start, 24) for start in both}
    tuning = made[Arm("MLE", 24)][0]
    assert tuning.metrics["train/examples"] == 24
    base = pretrained("sentiment", "MLE", 1, str(runs), pretraining)
    assert tuning.config["run"] == base.id
    assert made[Arm(SCRATCH, 24)][0].config.get("run") is None
    again = found(both, [24], makes=False)
    assert {arm: [r.id for r in records] for arm, records in again.items()} == {
        arm: [r.id for r in records] for arm, records in made.items()
    }
    next(runs.glob(f"*{base.id}/model.safetensors")).unlink()
    with pytest.raises(StudyError, match="the weights are gone"):
        found(["MLE"], [30])
