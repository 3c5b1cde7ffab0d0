"""Models that know the same of a text pay the same for it, with control tokens or without: proven with oracles."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from lmstudy.data.batch import IGNORE, Seq2SeqBatch
from lmstudy.data.tokenizer import BAD, BOS, EOS, GOOD
from lmstudy.errors import StudyError
from lmstudy.measures.code_length import charged_bits
from lmstudy.training.surprisal import judged
from tests.measures.conftest import measure_of

V = 20
A, B, END = 15, 16, 17
"""Two words, and the token that ends a segment."""
LEXICON = {A: 0.5, B: 0.3, END: 0.2}
DOCUMENTS = [[[A, B, END], [B, END], [A, A, A, END]], [[END]], [[A, END], [END]], [[B, B, END]] * 4]


def oracle(goes_on: float, good: float | None = None, dropped: float = 0.0) -> Tensor:
    """[V, V] log p(next | previous) of one who knows how these texts are made.

    Segments are words up to `END`; after each, the text goes on with a probability, or ends.

    Args:
        goes_on: that probability.
        good: probability that a segment is good, which its text does not tell; None: without control tokens.
        dropped: probability that a control token is left out.
    """
    table = torch.full((V, V), 1e-30, dtype=torch.float64)
    for word, p in LEXICON.items():
        table[[A, B, GOOD, BAD], word] = p
        direct = dropped if good is not None else 1.0
        table[END, word], table[BOS, word] = goes_on * direct * p, direct * p
    table[END, EOS] = 1 - goes_on
    if good is not None:
        for token, p in ((GOOD, good), (BAD, 1 - good)):
            table[END, token], table[BOS, token] = goes_on * (1 - dropped) * p, (1 - dropped) * p
    return table.clamp(min=1e-30).log()


def batch_of(documents, token=None) -> Seq2SeqBatch:
    """Two documents a row, written from nothing, behind a control token before each segment or without."""
    before = [] if token is None else [token]
    written = [[x for segment in document for x in [*before, *segment]] + [EOS] for document in documents]
    length = max(len(a) + len(b) for a, b in zip(written[::2], written[1::2], strict=True)) + 2
    shape = (len(written) // 2, length)
    labels, tokens = torch.full(shape, IGNORE), torch.zeros(shape, dtype=torch.int64)
    numbers = torch.zeros(shape, dtype=torch.int64)
    for i, own in enumerate(written):
        row, at = i // 2, 0 if i % 2 == 0 else len(written[i - 1])
        labels[row, at : at + len(own)] = torch.tensor(own)
        tokens[row, at : at + len(own)] = torch.tensor([BOS, *own[:-1]])
        numbers[row, at : at + len(own)] = 1 + i % 2
    read = torch.tensor([[1, 2]]).expand(shape[0], 2)
    return Seq2SeqBatch(torch.full_like(read, BOS), read, tokens, numbers, labels, (labels != IGNORE).sum(), numbers)


def bits(table: Tensor, batch: Seq2SeqBatch) -> Tensor:
    hidden = torch.nn.functional.one_hot(batch.decoder_tokens, V).float()
    return charged_bits(hidden, table.T.float(), batch)


def truth(documents, goes_on: float) -> float:
    """Bits of the documents as they are made."""
    total = 0.0
    for document in documents:
        words = [word for segment in document for word in segment]
        total -= sum(math.log2(LEXICON[word]) for word in words)
        total -= (len(document) - 1) * math.log2(goes_on) + math.log2(1 - goes_on)
    return total


@pytest.mark.parametrize("token", [GOOD, BAD])
@pytest.mark.parametrize("dropped", [0.0, 0.1, 1.0], ids="dropped={}".format)
@pytest.mark.parametrize("good", [0.05, 0.5, 0.99], ids="good={}".format)
@pytest.mark.parametrize("goes_on", [0.3, 0.9], ids="goes_on={}".format)
def test_equal_knowledge_costs_the_same_with_control_tokens_and_without(goes_on, good, dropped, token):
    """dropped = 1 is a model that was weaned from its control tokens, as by a cooldown."""
    plain = bits(oracle(goes_on), batch_of(DOCUMENTS)).sum().item()
    told = bits(oracle(goes_on, good, dropped), batch_of(DOCUMENTS, token)).sum().item()
    assert plain == pytest.approx(truth(DOCUMENTS, goes_on), rel=1e-5)
    assert told == pytest.approx(plain, rel=1e-3)
    assert abs(told / plain - 1) < 1e-5


def test_leaving_the_border_out_favours_control_tokens():
    """What training's own evaluation does: good tokens are ignored, and both control tokens renormalised away."""
    batch = batch_of(DOCUMENTS, GOOD)
    chosen = (batch.labels != IGNORE) & (batch.labels != GOOD)
    hidden = torch.nn.functional.one_hot(batch.decoder_tokens, V).float()[chosen]
    nll, _ = judged(hidden, oracle(0.5, 0.9).T.float(), batch.labels[chosen], (GOOD, BAD))
    assert nll.sum().item() / math.log(2) < 0.9 * truth(DOCUMENTS, 0.5)


def test_a_control_token_where_none_belongs_is_paid_for():
    elsewhere = oracle(0.5, 0.9)
    elsewhere[A, GOOD] = math.log(0.1)  # a control token in the middle of a segment is lost to the text
    elsewhere[A] = elsewhere[A].log_softmax(-1)
    assert bits(elsewhere, batch_of(DOCUMENTS, GOOD)).sum() > bits(oracle(0.5), batch_of(DOCUMENTS)).sum() + 0.5


def test_control_tokens_and_padding_cost_nothing_by_themselves():
    batch = batch_of(DOCUMENTS, GOOD)
    found = bits(oracle(0.5, 0.9), batch)
    assert (found[(batch.labels == GOOD) | (batch.labels == IGNORE)] == 0).all()
    assert (found[(batch.labels != GOOD) & (batch.labels != IGNORE)] > 0).all()


def test_a_document_that_goes_on_from_what_was_read_pays_for_going_on():
    """A window that begins in the middle of a document: its first control token is no gift."""
    batch = batch_of([[[A, END]], [[A, END]]], GOOD)
    read = torch.tensor([[1, 1, 1, 2]])
    middle = batch._replace(encoder_tokens=torch.full_like(read, A), encoder_documents=read)
    table = oracle(0.5, 0.9)
    table[BOS] = table[END]  # which stands for the border behind what was read
    first, second = (bits(table, own).sum().item() for own in (batch, middle))
    assert second - first == pytest.approx(1.0, abs=1e-5)  # -log2(.5), once


def test_a_control_token_at_the_end_of_a_window_is_charged_there():
    batch = batch_of([[[A, END], [A, END]], [[A, END]]], GOOD)
    cut = int((batch.labels[0] == GOOD).nonzero()[1])
    labels = batch.labels.clone()
    labels[0, cut + 1 :] = IGNORE
    found = bits(oracle(0.25, 0.9), batch._replace(labels=labels))
    assert found[0, cut].item() == pytest.approx(2.0, abs=1e-5)


def test_without_control_tokens_it_is_the_likelihood(trained):
    plain, charged = (measure_of(trained, f"measure={name}", "documents=12") for name in ("likelihood", "code_length"))
    found = [record.metrics["valid/bits_per_byte"] for record in (plain, charged)]
    assert found[0] == pytest.approx(found[1], rel=1e-5)


def test_with_control_tokens_good_documents_are_told_apart_and_none_is_refused(steered):
    record = measure_of(steered, "measure=code_length")
    (bits, size), (good_bits, good_size) = (np.sum(record.groups[key], 0) for key in ("valid", "valid/good"))
    assert 0 < good_size < size
    assert record.metrics["valid/good/bits_per_byte"] == pytest.approx(good_bits / good_size, rel=1e-3)
    assert 0 < good_bits < bits
    with pytest.raises(StudyError, match="goes on behind control tokens, which would not be charged"):
        measure_of(steered, "measure=code_length", "measure.control=none")
