"""Reading: the same targets behind more and more of what came before, each a plain forward pass."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from lmstudy.compose import compose_config
from lmstudy.data.batch import Seq2SeqBatch
from lmstudy.data.batches.windows import continuations
from lmstudy.data.tokenizer import BOS
from lmstudy.errors import StudyError
from lmstudy.measures.base import Subject
from lmstudy.measures.reading import Reading
from lmstudy.runs.pretraining import build_module, open_run
from tests.data.fake_documents import FakeDocuments, random_documents

SMALL = ["measure=reading", "measure.lengths=[0,3,20]", "measure.targets=12", "documents=9"]


def subject(finished, documents=9):
    return Subject(finished, finished.run.corpus, "valid", documents)


def bits_alone(model, read: list[int], target: list[int]) -> float:
    """Of one target behind one input, in a row of its own."""
    encoder, decoder = torch.tensor([[BOS, *read]]), torch.tensor([[BOS, *target[:-1]]])
    ones = torch.ones_like
    labels = torch.tensor([target])
    batch = Seq2SeqBatch(encoder, ones(encoder), decoder, ones(decoder), labels, torch.tensor(1), labels)
    with torch.inference_mode():
        return float(-model(batch).log_softmax(-1)[0].gather(1, labels[0][:, None]).sum()) / math.log(2)


def alone(finished, n: int, longest: int, count: int) -> list[float]:
    """`bits_alone` of 12 tokens of each document behind the last n before its cut."""
    store = subject(finished).store
    index, cut = continuations(store, subject(finished).order(), longest, 12)
    assert all(at in store.starts(int(i)) for i, at in zip(index, cut, strict=True))
    tokens = [(store.tokens(int(i)).tolist(), at) for i, at in zip(index[:count], cut[:count], strict=True)]
    return [bits_alone(finished.module.model, own[at - n : at], own[at : at + 12]) for own, at in tokens]


@pytest.mark.parametrize("model", ["dense", "lstm", "lstm_attention"])
def test_any_model_is_measured_the_same_way(trained, model):
    untrained = build_module(
        open_run({**trained.run.config, "model": compose_config("train", [f"model={model}"])["model"]})
    )
    finished = dataclasses.replace(trained, module=untrained.eval())
    found = Reading("continue", [3], 12).measure(subject(finished, documents=4))
    assert found.metrics["reading/3/bits_per_token"] == pytest.approx(
        sum(alone(finished, 3, 3, 4)) / (4 * 12), rel=1e-4
    )


@pytest.mark.parametrize("n", [0, 3, 20])
def test_continue_adds_up_documents_scored_one_by_one(trained, measured, n):
    record, bits = measured(*SMALL), sum(alone(trained, n, 20, 9))
    assert np.array(record.groups[f"reading/{n}"])[:, 0].sum() == pytest.approx(bits, rel=1e-4)
    assert record.metrics[f"reading/{n}/bits_per_token"] == pytest.approx(bits / (9 * 12), rel=1e-4)


def test_every_length_is_measured_on_the_same_bytes(measured):
    record = measured(*SMALL)
    sizes = [[size for _, size in record.groups[f"reading/{n}"]] for n in (0, 3, 20)]
    assert sizes[0] == sizes[1] == sizes[2]
    assert record.metrics["reading/documents"] == 9
    for n in (0, 3, 20):
        pairs = {
            name: np.sum(record.groups[f"reading/{n}{name}"], axis=0) for name in ("", "/accuracy", "/exact_match")
        }
        assert pairs["/accuracy"][1] == 9 * 12
        assert pairs["/exact_match"][1] == 9
        for name, metric in (("", "bits_per_byte"), ("/accuracy", "accuracy"), ("/exact_match", "exact_match")):
            ratio = pairs[name][0] / pairs[name][1]
            assert record.metrics[f"reading/{n}/{metric}"] == pytest.approx(ratio, rel=1e-4), metric


class Parrot:
    """Sure of every token that the encoder read at its place, and of a wrong one where `slips` says so."""

    def __init__(self, vocab_size: int, slips: int = 0) -> None:
        self.vocab_size, self.slips = vocab_size, slips

    def __call__(self, batch: Seq2SeqBatch) -> torch.Tensor:
        said = batch.encoder_tokens[:, 1:].clone()
        assert said.shape == batch.labels.shape
        if self.slips:
            said[:, -self.slips :] += 1
        return 100.0 * torch.nn.functional.one_hot(said % self.vocab_size, self.vocab_size).float()


@pytest.mark.parametrize(("slips", "accuracy", "exact"), [(0, 1.0, 1.0), (2, 0.8, 0.0)])
def test_copy_is_right_where_what_was_read_is_written(trained, slips, accuracy, exact):
    parrot = Parrot(trained.run.corpus.tokenizer.get_vocab_size(), slips)
    finished = dataclasses.replace(trained, module=parrot)
    found = Reading("copy", [0, 10], 1).measure(subject(finished))
    assert "reading/0/accuracy" not in found.metrics
    assert found.metrics["reading/10/accuracy"] == pytest.approx(accuracy)
    assert found.metrics["reading/10/exact_match"] == exact
    assert (found.metrics["reading/10/bits_per_token"] < 1e-6) == (slips == 0)


def test_continuations_cut_at_the_first_boundary_with_room_on_both_sides():
    documents = random_documents(200)
    index, cut = continuations(documents, np.arange(200), 16, 8)
    assert 0 < len(index) < 200
    for i in range(200):
        fitting = [s for s in documents.starts(i) if s >= 16 and s + 8 <= len(documents.tokens(i))]
        assert (i in index) == bool(fitting)
        assert not fitting or cut[index.tolist().index(i)] == fitting[0]
    assert [part.tolist() for part in continuations(FakeDocuments([5]), np.arange(1), 16, 8)] == [[], []]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["measure.lengths=[0,64]"], r"measure\.lengths=\[0, 64\]: .* encoder reads rows of 64 tokens, so at most 63"),
        (["measure.targets=129"], r"measure\.targets=129: this run's decoder writes at most 128 tokens"),
        (["measure.lengths=[]"], r"measure\.lengths=\[\] must be different numbers"),
        (["measure.lengths=[3,3]"], r"measure\.lengths=\[3, 3\] must be different"),
        (["measure.lengths=[-1]"], r"measure\.lengths=\[-1\]"),
        (["measure.lengths=[0]", "measure.task=copy"], r"measure\.task=copy needs a length above 0"),
        (["measure.targets=0"], r"measure\.targets=0 must be at least 1"),
        (["measure.task=write"], r"measure\.task='write': input should be 'continue' or 'copy'"),
        (["documents=100000"], r"documents=100000: \d+ of the \d+ documents of split=valid have a segment"),
        (["documents=100000", "measure.task=copy"], r"documents=100000: \d+ of the \d+ documents .* have 20 tokens"),
    ],
)  # fmt: skip
def test_mistakes_are_named(measured, overrides, message):
    with pytest.raises(StudyError, match=message):
        measured(*SMALL, *overrides)
