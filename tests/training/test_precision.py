"""`trainer.precision=auto`: measured once per runs folder, recorded, and part of what a run is."""

import json

import pytest
import torch

from lmstudy.compose import compose_config
from lmstudy.config import TrainerConfig
from lmstudy.errors import StudyError
from lmstudy.runs.identity import run_id
from lmstudy.training import precision
from lmstudy.training.precision import FULL, HALF, WORTH, decided, measured, product_of, resolved
from lmstudy.training.trainer import check_machine

SHAPE = (64, 16, 32)


def rates(monkeypatch, full: float, half: float) -> list[int]:
    """Let `measured` find these; a list that grows with every call."""
    calls: list[int] = []

    def found(shape):
        calls.append(1)
        return full, half

    monkeypatch.setattr(precision, "measured", found)
    return calls


@pytest.mark.parametrize(("half", "chosen"), [(100 * WORTH * 1.01, HALF), (100 * WORTH * 0.99, FULL), (1.0, FULL)])
def test_the_faster_one_is_taken_and_written_down(tmp_path, monkeypatch, capsys, half, chosen):
    rates(monkeypatch, 100.0, half)
    assert decided(tmp_path / "runs", SHAPE) == chosen
    kept = json.loads((tmp_path / "runs" / "precision.json").read_text())
    assert kept == {"64 x 16 x 32": {"precision": chosen, "float32_gflops": 100, "bfloat16_gflops": round(half)}}
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"precision {chosen}: products of 64 x 16 x 32 run at ")


def test_a_folder_decides_once_whatever_is_measured_later(tmp_path, monkeypatch):
    calls = rates(monkeypatch, 100.0, 1000.0)
    assert decided(tmp_path, SHAPE) == HALF
    rates(monkeypatch, 1000.0, 1.0)
    assert [decided(tmp_path, SHAPE) for _ in range(3)] == [HALF] * 3
    assert len(calls) == 1
    assert decided(tmp_path, (64, 16, 48)) == FULL  # of other products nothing is known yet
    assert decided(tmp_path, SHAPE) == HALF


@pytest.mark.parametrize("content", ["", '{"64 x 16 x 32": {}}', '{"64 x 16 x 32": {"precision": "16"}}', "[1]"])
def test_what_says_nothing_is_an_error_and_stays(tmp_path, content):
    (tmp_path / "precision.json").write_text(content)
    with pytest.raises(
        StudyError, match=r'precision\.json says no precision: for each product it should hold .*"32-true".* remove it'
    ):
        decided(tmp_path, SHAPE)
    assert (tmp_path / "precision.json").read_text() == content


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StudyError, match=r"cannot write to .*: set runs=FOLDER to one with room"):
        decided(tmp_path / "file" / "runs", SHAPE)


def test_only_auto_is_replaced_and_the_id_holds_what_was_found(tmp_path, monkeypatch):
    rates(monkeypatch, 1.0, 10.0)
    given = ["trainer=cpu", f"runs={tmp_path}"]
    auto = compose_config("train", [*given, "trainer.precision=auto"])
    named = {name: compose_config("train", [*given, f"trainer.precision={name}"]) for name in (FULL, HALF)}
    assert [resolved(config) for config in named.values()] == list(named.values())
    ids = {name: run_id(config, "data") for name, config in named.items()}
    assert run_id(resolved(auto), "data") == ids[HALF] != ids[FULL]
    assert product_of(auto)[1:] == (128, 704)


def test_rates_are_those_of_real_products():
    full, half = measured((256, 64, 128))
    assert full > 0
    assert half > 0


def test_emulated_products_are_said(monkeypatch, capsys):
    monkeypatch.setattr(precision.torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)
    check_machine(TrainerConfig(precision=HALF))
    assert "trainer.precision=bf16-mixed: this processor has no bfloat16 products" in capsys.readouterr().err
    check_machine(TrainerConfig(precision=FULL))
    check_machine(TrainerConfig(precision="auto"))  # which is not decided yet
    monkeypatch.setattr(precision.torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: True)
    check_machine(TrainerConfig(precision=HALF))
    assert capsys.readouterr().err == ""


def test_without_a_gpu_that_has_it_auto_is_float32_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    config = {"trainer": {"precision": "auto", "accelerator": "gpu"}, "runs": "nowhere"}
    assert resolved(config)["trainer"]["precision"] == FULL
