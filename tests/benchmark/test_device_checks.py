"""`lmstudy-check-gpu`, on a processor as far as that can do what a GPU does."""

import pytest
import torch

from lmstudy.benchmark import device_checks
from lmstudy.benchmark.device_checks import CHECKS, find
from lmstudy.commands import check_gpu
from lmstudy.config import TrainConfig, check
from lmstudy.errors import StudyError


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA GPU")
def test_without_a_gpu_it_is_one_line(capsys):
    assert check_gpu.main([]) == 1
    assert capsys.readouterr().err == (
        "lmstudy-check-gpu: PyTorch sees no CUDA GPU here; --device cpu tries what a processor can do\n"
    )


def test_an_unknown_check_is_answered_with_those_there_are(capsys):
    assert check_gpu.main(["--device", "cpu", "--only", "flux"]) == 1
    assert "--only flux: no such check; choose from float32, bfloat16 products, " in capsys.readouterr().err


@pytest.mark.parametrize("name", [name for name, one in CHECKS.items() if one.of is not None])
def test_every_training_composes_for_a_gpu(name):
    trainer = check(TrainConfig, device_checks._config("gpu", "runs", *CHECKS[name].of)).trainer
    assert (trainer.accelerator, trainer.devices) == ("gpu", 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bfloat16 products", "sampling", "learning from pairs"])
def test_what_a_processor_can_do_of_it_works(name, tmp_path_factory):
    assert find(name, "cpu", tmp_path_factory.getbasetemp() / "checks")


@pytest.mark.slow
def test_as_the_command_makes_it_a_check_has_a_process_of_its_own(tmp_path):
    """Data parallelism leaves a port and variables behind, which other tests would stumble over."""
    outcome, told = check_gpu._apart("DDP", "cpu", tmp_path)
    assert outcome == "works", told


@pytest.mark.slow
def test_a_difference_is_a_failure_and_status_1(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(CHECKS, "float32", device_checks.Check(("trainer.precision=bf16-mixed",), 1e-9))
    with pytest.raises(StudyError, match=r"differs from the processor by at most .*; 1e-09 would be right"):
        find("float32", "cpu", tmp_path)
    told = {"float32": ("fails", "differs"), "DDP": ("works", "the same")}
    monkeypatch.setattr(device_checks, "CHECKS", {name: CHECKS[name] for name in [*told, "FSDP"]})
    monkeypatch.setattr(check_gpu, "_apart", lambda name, device, runs: told[name])
    assert check_gpu.main(["--device", "cpu"]) == 1
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in shown[1:4]] == [["float32", "fails"], ["DDP", "works"], ["FSDP", "left"]]
    assert shown[-1] == "3 checks, 1 failed"
    del told["float32"]
    monkeypatch.setattr(device_checks, "CHECKS", {name: CHECKS[name] for name in [*told, "FSDP"]})
    assert check_gpu.main(["--device", "cpu"]) == 0
