"""Too little memory for a step: one line that says what to lower, and nothing lost."""

import pytest
import torch

from lmstudy.compose import compose_config
from lmstudy.errors import StudyError
from lmstudy.runs.checkpoints import last_checkpoint
from lmstudy.runs.pretraining import open_run, train
from lmstudy.training import pretraining
from lmstudy.training.allocator import memory_error


def test_only_errors_of_memory_are_told_as_such():
    with pytest.raises(RuntimeError) as raised:
        torch.empty(2**60)
    message = str(memory_error(raised.value))
    assert message.startswith("a training step needs more memory than there is (it asked for 4611686018427387904 bytes")
    assert "lower budget.rows" in message
    assert "\n" not in message
    assert memory_error(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")) is not None
    assert memory_error(RuntimeError("shapes do not fit")) is None


def test_a_run_that_finds_too_little_memory_keeps_its_checkpoint_and_goes_on_from_it(tiny, monkeypatch):
    real, calls = pretraining.chunked_objective, []

    def hungry(*given, **named):
        calls.append(1)
        if len(calls) > 7:
            torch.empty(2**60)
        return real(*given, **named)

    config = compose_config("train", [*tiny, "trainer.checkpoint_every=3"])
    monkeypatch.setattr(pretraining, "chunked_objective", hungry)
    with pytest.raises(StudyError, match="a training step needs more memory than there is"):
        train(config)
    assert last_checkpoint(open_run(config).folder).name == "step=6.ckpt"
    monkeypatch.setattr(pretraining, "chunked_objective", real)
    assert train(config).metrics["valid/bits_per_byte"] > 1
