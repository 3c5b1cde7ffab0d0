"""Packed batches: everything once, nothing over, from any step, for any number of processes, and ahead of the step."""

import hashlib
import threading
from itertools import islice
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from lmstudy.data.batch import IGNORE, Seq2SeqBatch, Shape
from lmstudy.data.batches.packing import pack, planned_rows
from lmstudy.data.batches.prefetching import BatchesAhead, to_device
from lmstudy.data.batches.windows import Windows
from lmstudy.data.datamodule import CorpusDataModule, EvaluationBatches, Phase, TrainingBatches
from lmstudy.data.examples import PrefixLM
from lmstudy.data.tokenizer import BOS, EOS, PAD
from tests.data.fake_documents import random_documents

S, T = 48, 64
SHAPE = Shape(rows=4, encoder_length=2 * S, decoder_length=T, prefix_length=S)


def batches(count: int, **settings) -> list[Seq2SeqBatch]:
    loader = TrainingBatches([Phase(0, random_documents(200))], PrefixLM(), SHAPE, seed=1, **settings)
    return list(islice(loader, count))


def equal(a: Seq2SeqBatch, b: Seq2SeqBatch) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_pack_places_each_example_once_in_rows_that_are_nearly_full():
    documents = random_documents(2000)
    plan = PrefixLM().plan(documents, np.arange(2000), S, T, np.random.default_rng(0))
    rows = pack(plan, 2 * S, T)  # the encoder has room
    assert sorted(i for row in rows for i in row) == list(range(2000))
    for row in rows:
        assert plan.encoder_length[row].sum() <= 2 * S
        assert plan.decoder_length[row].sum() <= T
    assert plan.decoder_length.sum() > 0.97 * T * len(rows)


def test_an_epoch_holds_every_document_once():
    documents = random_documents(200)
    seen: list[int] = []
    for plan, row in planned_rows(documents, PrefixLM(), SHAPE, seed=3, block=64):
        seen += plan.document[row].tolist()
        if len(seen) >= 200:
            break
    assert sorted(seen) == list(range(200))


def test_the_order_of_training_is_that_of_the_published_runs():
    """Over two epochs of blocks; a change of it, or of what is drawn before it, changes what every run learns."""
    rows = planned_rows(random_documents(200), PrefixLM(), SHAPE, seed=5, block=64)
    seen: list[int] = []
    while len(seen) < 400:
        plan, row = next(rows)
        seen += plan.document[row].tolist()
    assert hashlib.sha256(str(seen).encode()).hexdigest()[:16] == "a65e93a1a3b29f29"


def test_shapes_are_fixed_and_labels_are_the_decoder_input_one_step_ahead_of_no_other_example():
    for batch in batches(8):
        assert batch.labels.shape == (4, T)
        assert batch.encoder_tokens.shape == (4, 2 * S)
        for row in range(SHAPE.rows):
            documents = batch.decoder_documents[row]
            for number in range(1, int(documents.max()) + 1):
                of = documents == number
                decoder, labels = batch.decoder_tokens[row, of], batch.labels[row, of]
                assert decoder[0] == BOS
                assert torch.equal(decoder[1:], labels[:-1])
                assert (batch.encoder_documents[row] == number).any()
            padding = documents == 0
            assert (batch.labels[row, padding] == IGNORE).all()
            assert (batch.decoder_tokens[row, padding] == PAD).all()
        assert batch.target_tokens == (batch.labels != IGNORE).sum()


def test_the_stream_is_a_function_of_the_seed_and_can_start_anywhere():
    whole = batches(30)
    assert all(map(equal, whole, batches(30)))
    assert all(map(equal, whole[17:], batches(13, first_step=17)))
    other = list(islice(TrainingBatches([Phase(0, random_documents(200))], PrefixLM(), SHAPE, seed=2), 30))
    assert not any(map(equal, whole, other))


def test_two_processes_share_the_rows_of_one():
    whole, parts = batches(6), [batches(6, rank=rank, world=2) for rank in (0, 1)]
    for one, first, second in zip(whole, *parts, strict=True):
        assert torch.equal(one.labels[0::2], first.labels)
        assert torch.equal(one.labels[1::2], second.labels)
        assert one.target_tokens == first.target_tokens == second.target_tokens


@pytest.mark.parametrize("decoder_length", [16, 64, 4096])
def test_windows_hold_every_token_and_the_end_of_every_document_once(decoder_length):
    documents = random_documents(60)
    plan = Windows().plan(documents, np.arange(60), S, decoder_length, np.random.default_rng(0))
    targets: dict[int, list[int]] = {}
    for i in range(len(plan.document)):
        example = type(plan)(*(field[i] for field in plan))
        source, target = Windows().build(documents, example)
        assert 1 <= len(target) <= decoder_length
        before = targets.setdefault(int(example.document), [])
        assert source.tolist() == [BOS, *before[max(len(before) - S + 1, 0) :]]
        before += target.tolist()
    assert targets == {i: [*documents.tokens(i).tolist(), EOS] for i in range(60)}


def test_evaluation_batches_count_every_label_once_for_any_number_of_processes():
    documents = random_documents(90)
    total = sum(len(documents.tokens(i)) + 1 for i in range(90))
    for world in (1, 2):
        loaders = [EvaluationBatches(documents, SHAPE, np.arange(90), rank, world) for rank in range(world)]
        assert len({len(list(loader)) for loader in loaders}) == 1
        labels = [(b.labels != IGNORE, b.groups) for loader in loaders for b in loader]
        assert sum(int(mask.sum()) for mask, _ in labels) == total
        by_group = sum(torch.bincount(groups[mask], minlength=100) for mask, groups in labels)
        assert by_group[:90].tolist() == [len(documents.tokens(i)) + 1 for i in range(90)]


@pytest.mark.parametrize("world", [1, 2])
def test_trimmed_evaluation_batches_hold_the_same_rows_behind_shorter_encoders(world):
    documents = random_documents(90)

    def rows(trimmed: bool) -> list[tuple[list[int], ...]]:
        loaders = [EvaluationBatches(documents, SHAPE, np.arange(90), r, world, trimmed=trimmed) for r in range(world)]
        found = []
        for batch in (batch for loader in loaders for batch in loader):
            padding = (0, 2 * S - batch.encoder_tokens.shape[1])
            tokens = torch.nn.functional.pad(batch.encoder_tokens, padding, value=PAD)
            others = torch.nn.functional.pad(batch.encoder_documents, padding)
            fields = (tokens, others, batch.decoder_tokens, batch.decoder_documents, batch.labels, batch.groups)
            found += zip(*(field.tolist() for field in fields), strict=True)
        return sorted(found)

    assert rows(trimmed=True) == rows(trimmed=False)
    shapes = {len(batch.encoder_tokens[0]) for batch in EvaluationBatches(documents, SHAPE, np.arange(90))}
    assert min(shapes) < max(shapes) <= 2 * S


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
    for device in ("cpu", "mps"):  # copies to Apple's GPUs are not made beside the kernels
        assert isinstance(data_module(device, 17).train_dataloader(), TrainingBatches)


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
