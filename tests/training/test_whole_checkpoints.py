"""Checkpoints are whole or absent; runs on one device are, whatever a batch system says of its own processes."""

import errno
from pathlib import Path

import pytest
import torch
from lightning.pytorch.utilities.rank_zero import rank_zero_only

from lmstudy.compose import compose_config
from lmstudy.config import TrainerConfig, check
from lmstudy.errors import StudyError
from lmstudy.training.trainer import build_trainer
from lmstudy.training.whole_checkpoints import WholeCheckpoints


def test_a_disk_that_fills_leaves_the_earlier_checkpoint_and_nothing_cut(tmp_path, monkeypatch):
    path = tmp_path / "step=5.ckpt"
    saving = WholeCheckpoints()
    saving.save_checkpoint({"global_step": 5, "x": torch.ones(3)}, path)
    whole = path.read_bytes()

    def full(self, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StudyError, match=r"checkpoint of step 7 cannot be written to .*step=5\.ckpt \(No space left"):
        saving.save_checkpoint({"global_step": 7}, path)
    assert [each.name for each in tmp_path.iterdir()] == ["step=5.ckpt"]
    assert path.read_bytes() == whole
    assert torch.equal(saving.load_checkpoint(path)["x"], torch.ones(3))


@pytest.mark.parametrize(
    "variables",
    [
        {"SLURM_NTASKS": "2", "SLURM_PROCID": "0", "SLURM_JOB_NAME": "job"},
        {"RANK": "1", "WORLD_SIZE": "4"},
        {"LOCAL_RANK": "1"},
    ],
)
def test_one_device_is_one_process(tmp_path, monkeypatch, variables):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(rank_zero_only, "rank", 1)  # as Lightning finds it when it is imported in such surroundings
    config = check(TrainerConfig, compose_config("train", ["trainer=cpu"])["trainer"])
    trainer = build_trainer(config, tmp_path, 2, 1, [], [])
    assert (trainer.world_size, trainer.global_rank, trainer.local_rank) == (1, 0, 0)
    assert trainer.is_global_zero
    assert rank_zero_only.rank == 0
