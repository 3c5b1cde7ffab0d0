"""Apple's GPUs and float16, as far as they can be tried without either: on a processor that stands in for them."""

import math

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from lmstudy.compose import compose_config
from lmstudy.config import TrainConfig, TrainerConfig, check
from lmstudy.data.batch import IGNORE
from lmstudy.errors import StudyError
from lmstudy.preferences.objectives.mle import MLE
from lmstudy.runs.pretraining import train
from lmstudy.training import chunked, devices, memory_health, metrics
from lmstudy.training.chunked import chunked_objective
from lmstudy.training.devices import exact, gpu_names
from lmstudy.training.metrics import BitsPerByte
from lmstudy.training.precision import resolved
from lmstudy.training.pretraining import PretrainingModule
from lmstudy.training.trainer import check_machine


@pytest.fixture
def apple(monkeypatch):
    """A machine that says it has an Apple GPU."""
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)


def test_an_apple_gpu_is_a_choice_of_the_trainer_and_its_absence_one_line():
    placed = check(TrainConfig, compose_config("train", ["trainer=mps"])).trainer
    assert (placed.accelerator, placed.precision, placed.devices) == ("mps", "32-true", 1)
    with pytest.raises(StudyError, match=r"trainer\.accelerator=mps: PyTorch sees no Apple GPU here; use trainer=cpu"):
        check_machine(placed)


@pytest.mark.usefixtures("apple")
def test_an_apple_gpu_is_one_device_in_float32():
    check_machine(TrainerConfig(accelerator="mps"))
    for other in ({"devices": 2}, {"strategy": "ddp"}):
        with pytest.raises(StudyError, match=r"trainer\.accelerator=mps is one device"):
            check_machine(TrainerConfig(accelerator="mps", **other))
    for precision in ("bf16-mixed", "16-mixed"):
        with pytest.raises(StudyError, match=rf"trainer\.precision={precision}: .*mps takes 32-true"):
            check_machine(TrainerConfig(accelerator="mps", precision=precision))
    auto = {"trainer": {"precision": "auto", "accelerator": "mps"}, "runs": "nowhere"}
    assert resolved(auto)["trainer"]["precision"] == "32-true"
    assert gpu_names(TrainerConfig(accelerator="mps")) == ["Apple GPU (MPS)"]
    assert gpu_names(TrainerConfig()) == []


def test_sums_stay_on_the_processor_where_a_device_has_no_float64(monkeypatch):
    monkeypatch.setattr(metrics, "WITHOUT_FLOAT64", {"meta"})  # stands in for it: a device without numbers at all
    metric = BitsPerByte(torch.tensor([1, 2, 3]), groups=2).to("meta")
    assert metric.totals.device.type == metric.token_bytes.device.type == "cpu"
    metric.update(torch.tensor([math.log(2.0)] * 3), torch.tensor([0, 1, 2]), torch.tensor([0, 1, 1]))
    assert float(metric.compute()) == pytest.approx(3 / 6)
    assert metric.totals.tolist() == [pytest.approx([1, 1]), pytest.approx([2, 5])]
    assert BitsPerByte(torch.tensor([1]), groups=1).to(torch.device("cpu")).totals.dtype == torch.float64
    assert exact(torch.ones(2)).dtype == torch.float64
    assert "mps" in devices.WITHOUT_FLOAT64


class _NoFloat64(TorchDispatchMode):
    """Stops at the first operation that makes float64."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        for one in made if isinstance(made, tuple | list) else [made]:
            if isinstance(one, torch.Tensor) and one.dtype == torch.float64:
                raise TypeError(f"{function} makes float64")
        return made


def test_but_for_what_exact_is_asked_for_no_step_makes_float64(tiny, monkeypatch):
    for module in (chunked, memory_health, metrics):
        monkeypatch.setattr(module, "exact", lambda values: values.float())
    monkeypatch.setattr(BitsPerByte, "update", lambda self, nll, labels, groups: nll.sum())  # keeps its own sums
    seen = []
    for name in ("training_step", "validation_step"):
        step = getattr(PretrainingModule, name)

        def watched(self, *args, step=step):
            seen.append(step.__name__)
            with _NoFloat64():
                return step(self, *args)

        monkeypatch.setattr(PretrainingModule, name, watched)
    monkeypatch.setattr(BitsPerByte, "compute", lambda self: torch.tensor(1.0))
    train(compose_config("train", [*tiny, "objective=conditional", "scorer=pep8"]))
    assert {"training_step", "validation_step"} == set(seen)


def test_float16_is_for_cuda_gpus_alone():
    placed = check(TrainConfig, compose_config("train", ["trainer=gpu_float16"])).trainer
    assert (placed.accelerator, placed.precision) == ("gpu", "16-mixed")
    with pytest.raises(StudyError, match=r"trainer\.precision=16-mixed: float16 is for CUDA GPUs without bfloat16"):
        check_machine(TrainerConfig(precision="16-mixed"))


def test_gradients_too_small_for_float16_are_kept():
    generator = torch.Generator().manual_seed(0)
    rows, positions, width, words = 8, 512, 8, 2000
    hidden = torch.randn(rows, positions, width, generator=generator)
    weight = torch.randn(words, width, generator=generator) * 0.1
    labels = torch.randint(0, words // 2, (rows, positions), generator=generator)  # half of the words never occur
    labels[0, 5:] = IGNORE
    found = {}
    for half in (False, True):
        of_hidden, of_weight = hidden.clone().requires_grad_(), weight.clone().requires_grad_()
        with torch.autocast("cpu", dtype=torch.float16, enabled=half):
            loss = chunked_objective(MLE(), of_hidden, of_weight, labels).loss
        (loss * 2.0**10).backward()
        found[half] = loss.detach(), of_hidden.grad, of_weight.grad
    smallest = torch.finfo(torch.float16).smallest_normal / 1024
    assert 1 / words / int((labels != IGNORE).sum()) < 3 * smallest  # what a word that does not occur gets of a mean
    for plain, half in zip(*found.values(), strict=True):
        torch.testing.assert_close(half, plain, rtol=2e-2, atol=2e-3 * float(plain.abs().max()))
    missing = words // 2
    torch.testing.assert_close(found[True][2][missing:].norm(), found[False][2][missing:].norm(), rtol=1e-2, atol=0)


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_training_in_float16_takes_the_steps_of_float32(tiny, monkeypatch, optimizer):
    """On a processor, with the loss scaler; clipping would be of scaled gradients if it came before unscaling."""
    monkeypatch.setattr("lmstudy.training.trainer.check_machine", lambda config: None)
    monkeypatch.setattr("lmstudy.runs.pretraining.check_machine", lambda config: None)
    steps = [f"optimizer={optimizer}", "budget.steps=4", "budget.evaluate_every=4", "trainer.log_every=1"]
    plain, half = (
        train(compose_config("train", [*tiny, *steps, f"trainer.precision={precision}"])).curves
        for precision in ("32-true", "16-mixed")
    )
    for name in ("train/loss", "train/gradient_norm"):
        assert half[name]["value"] == pytest.approx(plain[name]["value"], rel=2e-2)
        assert half[name]["value"] != plain[name]["value"]
