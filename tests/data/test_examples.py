"""Each pretraining task keeps the document: what went in can be put together again; in some the answer is given."""

import numpy as np
import pytest

from lmstudy.data.batch import IGNORE, Shape
from lmstudy.data.batches.packing import at
from lmstudy.data.copying import Copy, Reproduce
from lmstudy.data.datamodule import Phase, TrainingBatches
from lmstudy.data.examples import Mixture, PrefixLM, SpanCorruption
from lmstudy.data.tokenizer import BOS, EOS, SENTINELS
from lmstudy.errors import StudyError
from tests.data.fake_documents import FakeDocuments, random_documents

S, T = 48, 64


def examples(task, documents, seed=0, encoder_length=S, decoder_length=T):
    index = np.arange(len(documents))
    plan = task.plan(documents, index, encoder_length, decoder_length, np.random.default_rng(seed))
    for i in range(len(plan.document)):
        example = at(plan, i)
        source, target = task.build(documents, example)
        assert len(source) == example.encoder_length <= encoder_length
        assert len(target) == example.decoder_length <= decoder_length
        yield example, source.tolist(), target.tolist()


def test_prefix_lm_cuts_at_segment_boundaries_and_loses_nothing_that_fits():
    documents = random_documents(300)
    for example, source, target in examples(PrefixLM(0.3), documents):
        tokens, cut = documents.tokens(int(example.document)).tolist(), int(example.cut)
        assert cut in documents.starts(int(example.document))
        assert source == [BOS, *tokens[max(cut - S + 1, 0) : cut]]
        assert target == [*tokens[cut:], EOS][:T]


@pytest.mark.parametrize(("probability", "low", "high"), [(0.0, 0, 0.01), (0.5, 0.44, 0.56), (1.0, 1, 1)])
def test_start_probability_is_the_share_of_whole_documents(probability, low, high):
    documents = FakeDocuments([40] * 1000)
    share = np.mean([example.cut == 0 for example, _, _ in examples(PrefixLM(probability), documents)])
    assert low <= share <= high


def test_prefix_lm_of_a_document_of_one_segment_starts_at_its_start():
    documents = FakeDocuments([1, 1])
    assert [(s, t) for _, s, t in examples(PrefixLM(0.0), documents)] == [([BOS], [100, EOS])] * 2


def put_together(source: list[int], target: list[int]) -> list[int]:
    """Undo span corruption: put what follows each sentinel in the target in the sentinel's place."""
    spans: dict[int, list[int]] = {}
    for token in target[:-1]:
        if token in SENTINELS:
            current = spans.setdefault(token, [])
        else:
            current.append(token)
    return [token for item in source[1:] for token in (spans[item] if item in SENTINELS else [item])]


def test_span_corruption_can_be_undone():
    documents = random_documents(300)
    for example, source, target in examples(SpanCorruption(), documents):
        tokens = documents.tokens(int(example.document)).tolist()
        assert put_together(source, target) == tokens[: int(example.cut)]
        assert source[0] == BOS
        assert target[-1] == EOS


def test_span_corruption_takes_out_the_share_and_span_length_asked_for():
    documents = FakeDocuments([100] * 200)
    plan = SpanCorruption(0.2, 4.0).plan(documents, np.arange(200), 256, 256, np.random.default_rng(0))
    assert set(plan.encoder_length.tolist()) == {100 - 20 + 5 + 1}
    assert set(plan.decoder_length.tolist()) == {20 + 5 + 2}


def test_span_corruption_differs_between_epochs_but_not_between_runs():
    documents = FakeDocuments([60] * 20)
    first, again, other = (list(examples(SpanCorruption(), documents, seed=s)) for s in (1, 1, 2))
    assert [x[1:] for x in first] == [x[1:] for x in again] != [x[1:] for x in other]


def test_a_text_too_long_for_span_corruption_is_cut_to_the_longest_that_fits():
    documents = FakeDocuments([5000])
    ((example, source, target),) = examples(SpanCorruption(), documents)
    assert len(source) in (S, S - 1)
    assert put_together(source, target) == list(range(100, 100 + int(example.cut)))


def test_mixture_takes_its_share_of_each():
    documents = FakeDocuments([30] * 1000)
    kinds = [example.kind for example, _, _ in examples(Mixture(denoising=0.25), documents)]
    assert 0.2 < np.mean(kinds) < 0.3


def one_batch(task):
    shape = Shape(rows=4, encoder_length=96, decoder_length=64, prefix_length=48)
    return next(iter(TrainingBatches([Phase(0, random_documents(200))], task, shape, seed=1)))


def test_reproduce_shows_the_decoder_its_answer_and_prefix_lm_does_not():
    batch = one_batch(Reproduce())
    real = batch.labels != IGNORE
    assert (batch.decoder_tokens[real] == batch.labels[real]).all()
    batch = one_batch(PrefixLM())
    real = batch.labels != IGNORE
    assert (batch.decoder_tokens[real] != batch.labels[real]).all()  # no two tokens of a fake document are alike


def test_copy_writes_what_was_read():
    documents = random_documents(300)
    for example, source, target in examples(Copy(2, 40), documents):
        assert source == [BOS, *target]
        assert target == documents.tokens(int(example.document)).tolist()[: len(target)]
        assert len(target) <= 40


def test_copied_lengths_are_spread_evenly_and_fit_the_row():
    class Long:
        def lengths(self, index):
            return np.full(len(index), 10_000)

    plan = Copy(1, 20).plan(Long(), np.arange(4000), 48, 64, np.random.default_rng(0))
    counts = np.bincount(plan.decoder_length, minlength=21)[1:]
    assert len(counts) == 20
    assert abs(counts - 200).max() < 5 * np.sqrt(200)
    plan = Copy(1, 95).plan(Long(), np.arange(4000), 48, 30, np.random.default_rng(0))
    assert plan.decoder_length.max() == 29


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PrefixLM(1.5), "start_probability=1.5 must lie between 0 and 1"),
        (lambda: SpanCorruption(-0.1), "noise_density=-0.1"),
        (lambda: SpanCorruption(0.1, 0.5), "mean_span=0.5"),
        (lambda: Mixture(denoising=2), "denoising=2"),
        (lambda: Copy(0, 5), r"pretraining\.shortest=0 must be at least 1"),
        (lambda: Copy(6, 5), r"pretraining\.shortest=6 must be .* at most pretraining\.longest=5"),
        (lambda: list(examples(SpanCorruption(), FakeDocuments([9]), encoder_length=2)), "too short for span"),
    ],
)
def test_mistakes_are_named(make, message):
    with pytest.raises(StudyError, match=message):
        make()
