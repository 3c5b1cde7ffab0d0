"""Influence: closed forms of a linear model, and what leaving a text out of its training does."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lmstudy.data.batch import IGNORE, Seq2SeqBatch
from lmstudy.training import influence
from lmstudy.training.influence import gradient, influences


class Linear(nn.Module):
    """Logits W h(token): softmax regression on fixed features, and a weight that no loss depends on."""

    def __init__(self, vocabulary: int = 5, width: int = 3) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.features = torch.randn(vocabulary, width, generator=generator, dtype=torch.float64)
        self.output_weight = nn.Parameter(torch.randn(vocabulary, width, generator=generator, dtype=torch.float64))
        self.unused = nn.Parameter(torch.ones(2, dtype=torch.float64))
        self.frozen = nn.Parameter(torch.ones(7, dtype=torch.float64), requires_grad=False)

    def hidden(self, batch: Seq2SeqBatch) -> torch.Tensor:
        return self.features[batch.decoder_tokens]


def text(tokens: list[int], labels: list[int]) -> Seq2SeqBatch:
    read, own = torch.tensor([tokens]), torch.tensor([labels])
    return Seq2SeqBatch(read, read, read, read, own, torch.tensor(0), own)


ITEM = text([0, 2], [3, 1])
READ = [text([0], [3]), text([1, 4, 2], [2, IGNORE, 0]), text([3], [3])]


def closed_form(model: Linear, batch: Seq2SeqBatch) -> torch.Tensor:
    """Of softmax regression: the sum over labels y of (p - e_y) h^T."""
    weight = model.output_weight.detach()
    total = torch.zeros_like(weight)
    for token, label in zip(batch.decoder_tokens[0].tolist(), batch.labels[0].tolist(), strict=True):
        if label != IGNORE:
            h = model.features[token]
            total = total + torch.outer((weight @ h).softmax(0) - F.one_hot(torch.tensor(label), 5), h)
    return total


def test_gradients_are_those_of_softmax_regression():
    model = Linear()
    found = gradient(model, READ[1])
    assert found.shape == (5 * 3 + 2,)
    torch.testing.assert_close(found[:15], closed_form(model, READ[1]).flatten())
    assert found[15:].tolist() == [0, 0]


@pytest.mark.parametrize("at_once", [1, 2, 32])
def test_products_and_cosines_are_those_of_the_closed_form(monkeypatch, at_once):
    monkeypatch.setattr(influence, "AT_ONCE", at_once)
    model = Linear()
    empty = text([0], [IGNORE])
    found = influences(model, [ITEM, READ[0]], [*READ, empty])
    for row, one in enumerate([ITEM, READ[0]]):
        for column, other in enumerate([*READ, empty]):
            first, second = closed_form(model, one), closed_form(model, other)
            assert float(found.products[row, column]) == pytest.approx(float((first * second).sum()), abs=1e-12)
            both = float(first.norm() * second.norm())
            expected = float((first * second).sum()) / both if both else 0.0
            assert float(found.cosines[row, column]) == pytest.approx(expected, abs=1e-12)
    assert float(found.cosines[1, 0]) == pytest.approx(1)


def nats(model: Linear, batch: Seq2SeqBatch) -> float:
    chosen = batch.labels != IGNORE
    logits = model.hidden(batch)[chosen] @ model.output_weight.T
    return float(F.cross_entropy(logits, batch.labels[chosen], reduction="sum").detach())


def descended(read: list[Seq2SeqBatch], rate: float, steps: int) -> Linear:
    model = Linear()
    for _ in range(steps):
        total = sum(closed_form(model, batch) for batch in read)
        model.output_weight.data -= rate * total
    return model


def test_the_product_is_what_leaving_a_text_out_changes():
    rate, steps = 1e-4, 10
    whole = descended(READ, rate, steps)
    (products,) = influences(whole, [ITEM], READ).products.tolist()
    for number, product in enumerate(products):
        without = descended([batch for other, batch in enumerate(READ) if other != number], rate, steps)
        assert nats(without, ITEM) - nats(whole, ITEM) == pytest.approx(rate * steps * product, rel=0.02)
