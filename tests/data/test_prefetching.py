"""Batches ahead are the same batches, and the thread that builds them leaves nothing behind."""

import threading
from itertools import islice
from types import SimpleNamespace

import pytest
import torch

from lmstudy.data.batches.prefetching import BatchesAhead, to_device
from lmstudy.data.datamodule import CorpusDataModule, Phase, TrainingBatches
from lmstudy.data.examples import PrefixLM
from tests.data.fake_documents import random_documents
from tests.data.test_packing import SHAPE, batches, equal

CPU = torch.device("cpu")


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("batches")]


def ahead(first_step: int = 0, device: torch.device = CPU) -> BatchesAhead:
    phases = [Phase(0, random_documents(200))]
    return BatchesAhead(TrainingBatches(phases, PrefixLM(), SHAPE, 1, first_step=first_step), device)


@pytest.mark.parametrize("first_step", [0, 17])
def test_they_are_the_same_batches_from_any_step_on(first_step):
    plain = batches(20, first_step=first_step)
    assert all(map(equal, plain, islice(iter(ahead(first_step)), 20)))
    finite = list(BatchesAhead(plain, CPU))
    assert len(finite) == 20
    assert all(map(equal, plain, finite))
    assert list(BatchesAhead([], CPU)) == []


def test_one_batch_is_under_way_and_no_more_and_none_when_the_iteration_is_given_up():
    asked = []

    def source():
        for number, batch in enumerate(batches(9)):
            asked.append(number)
            yield batch

    iterator = iter(BatchesAhead(source(), CPU))
    for number in range(4):
        next(iterator)
        assert len(asked) in (number + 1, number + 2)
    assert len(threads()) == 1
    iterator.close()
    assert threads() == []
    assert len(asked) <= 5


def test_an_error_of_the_thread_is_raised_where_its_batch_would_have_come():
    def source():
        yield from batches(2)
        raise OSError("the disk is gone")

    iterator = iter(BatchesAhead(source(), CPU))
    assert all(map(equal, batches(2), [next(iterator), next(iterator)]))
    with pytest.raises(OSError, match="the disk is gone"):
        next(iterator)
    assert threads() == []


def data_module(device: str, step: int) -> CorpusDataModule:
    module = CorpusDataModule.__new__(CorpusDataModule)
    module.task, module.shape, module.seed = PrefixLM(), SHAPE, 1
    module.phases = [Phase(0, random_documents(200))]
    place = SimpleNamespace(root_device=torch.device(device))
    module.trainer = SimpleNamespace(global_step=step, global_rank=1, world_size=2, strategy=place)
    return module


def test_a_gpu_gets_them_ahead_from_the_step_of_the_checkpoint_and_a_cpu_as_they_come():
    loader = data_module("cuda", 17).train_dataloader()
    assert isinstance(loader, BatchesAhead)
    assert (loader.batches.first_step, loader.batches.rank, loader.batches.world) == (17, 1, 2)
    assert loader.device.type == "cuda"
    assert isinstance(data_module("cpu", 17).train_dataloader(), TrainingBatches)


def test_numbers_stay_with_the_cpu_when_a_batch_moves():
    (batch,) = batches(1)
    moved = to_device(batch, torch.device("meta"))
    assert moved.target_tokens is batch.target_tokens
    assert {field.device.type for field in moved if field.ndim} == {"meta"}
    assert data_module("cpu", 0).transfer_batch_to_device(batch, CPU, 0).target_tokens is batch.target_tokens


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_on_a_gpu_they_arrive_whole_while_kernels_run():
    device = torch.device("cuda", 0)
    busy = torch.randn(4096, 4096, device=device)
    sums, plain = [], batches(30)
    for _, batch in zip(plain, ahead(device=device), strict=False):
        assert batch.labels.device == device
        busy = (busy @ busy).clamp(-1, 1)
        sums.append([field.sum() for field in batch])
    assert [[int(x) for x in row] for row in sums] == [[int(field.sum()) for field in batch] for batch in plain]
