"""Tasks whose answer is given: what the decoder reads, and what it has to write."""

from itertools import islice

import numpy as np
import pytest

from lmstudy.data.batch import IGNORE, Shape
from lmstudy.data.batches.packing import at
from lmstudy.data.copying import Copy, Reproduce
from lmstudy.data.datamodule import Phase, TrainingBatches
from lmstudy.data.examples import PrefixLM
from lmstudy.data.tokenizer import BOS
from lmstudy.errors import StudyError
from tests.data.fake_documents import random_documents

SHAPE = Shape(rows=4, encoder_length=96, decoder_length=64, prefix_length=48)


def one_batch(task):
    (batch,) = islice(TrainingBatches([Phase(0, random_documents(200))], task, SHAPE, seed=1), 1)
    return batch


def test_reproduce_shows_the_decoder_its_answer_and_prefix_lm_does_not():
    batch = one_batch(Reproduce())
    real = batch.labels != IGNORE
    assert (batch.decoder_tokens[real] == batch.labels[real]).all()
    batch = one_batch(PrefixLM())
    real = batch.labels != IGNORE
    assert (batch.decoder_tokens[real] != batch.labels[real]).all()  # no two tokens of a fake document are alike


def test_copy_writes_what_was_read():
    documents, task = random_documents(300), Copy(2, 40)
    plan = task.plan(documents, np.arange(300), 48, 64, np.random.default_rng(0))
    for i in range(300):
        source, target = task.build(documents, at(plan, i))
        assert source[0] == BOS
        assert (source[1:] == target).all()
        assert (target == documents.tokens(i)[: len(target)]).all()
        assert (len(source), len(target)) == (plan.encoder_length[i], plan.decoder_length[i])
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


@pytest.mark.parametrize(("shortest", "longest"), [(0, 5), (6, 5)])
def test_lengths_that_make_no_range_are_refused(shortest, longest):
    with pytest.raises(StudyError, match=f"pretraining.shortest={shortest}"):
        Copy(shortest, longest)
