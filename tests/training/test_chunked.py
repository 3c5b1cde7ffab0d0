"""The chunked loss equals the plain one, for any objective that is a mean over labels."""

import pytest
import torch
from torch import Tensor

from lmstudy.data.batch import IGNORE
from lmstudy.preferences.objectives.awr import AWR
from lmstudy.preferences.objectives.base import ObjectiveOutput
from lmstudy.preferences.objectives.mle import MLE
from lmstudy.preferences.objectives.rwr import RWR
from lmstudy.preferences.objectives.selective import Selective
from lmstudy.preferences.objectives.unlikelihood import Unlikelihood
from lmstudy.training.chunked import chunked_objective, part
from lmstudy.training.compilation import compilation_problem


class Weighted:
    """An objective that reads scores and reports a scalar."""

    name = "weighted"

    def __call__(self, logits: Tensor, labels: Tensor, scores: Tensor | None) -> ObjectiveOutput:
        assert scores is not None
        known = labels != IGNORE
        log_p = logits.log_softmax(-1).gather(-1, labels.clamp(min=0)[..., None])[..., 0]
        loss = -(scores * log_p)[known].mean()
        return ObjectiveOutput(loss, {"mean_score": scores[known].mean()})


@pytest.fixture
def case():
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(7, 12, 16, generator=generator, requires_grad=True)
    weight = torch.randn(50, 16, generator=generator, requires_grad=True)
    labels = torch.randint(0, 50, (7, 12), generator=generator)
    labels[torch.rand(7, 12, generator=generator) < 0.3] = IGNORE
    labels[4:6] = IGNORE  # a chunk of 24 labels without any
    return hidden, weight, labels, torch.rand(7, 12, generator=generator)


@pytest.mark.parametrize("objective", [MLE(), Weighted()], ids=lambda o: o.name)
@pytest.mark.parametrize("chunk", [1, 24, 36, 1000])
def test_loss_scalars_and_gradients_equal_the_plain_path(case, objective, chunk):
    hidden, weight, labels, scores = case
    plain = objective(hidden @ weight.T, labels, scores)
    (3 * plain.loss).backward()
    expected = hidden.grad.clone(), weight.grad.clone()
    hidden.grad = weight.grad = None
    chunked = chunked_objective(objective, hidden, weight, labels, scores, chunk=chunk)
    (3 * chunked.loss).backward()
    torch.testing.assert_close(chunked.loss, plain.loss)
    torch.testing.assert_close((hidden.grad, weight.grad), expected)
    assert chunked.scalars.keys() == plain.scalars.keys()
    for name, value in plain.scalars.items():
        torch.testing.assert_close(chunked.scalars[name].to(value.dtype), value)


def test_without_labels_the_loss_is_zero_and_moves_nothing(case):
    hidden, weight, labels, _ = case
    output = chunked_objective(MLE(), hidden, weight, torch.full_like(labels, IGNORE))
    output.loss.backward()
    assert output.loss == 0
    assert not hidden.grad.any()
    assert not weight.grad.any()


def test_mixed_precision(case):
    hidden, weight, labels, _ = case
    with torch.autocast("cpu", torch.bfloat16):
        loss = chunked_objective(MLE(), hidden.bfloat16(), weight, labels).loss
    loss.backward()
    assert hidden.grad is not None
    assert weight.grad.dtype == torch.float32
    assert abs(float(loss.detach() - MLE()(hidden @ weight.T, labels, None).loss.detach())) < 0.1


def test_all_logits_never_exist_at_once():
    """The largest tensor made is a chunk of logits."""
    seen = []

    class Watching(MLE):
        def __call__(self, logits: Tensor, labels: Tensor, scores: Tensor | None) -> ObjectiveOutput:
            seen.append(tuple(logits.shape))
            return super().__call__(logits, labels, scores)

    hidden, weight = torch.randn(8, 256, 4, requires_grad=True), torch.randn(30, 4, requires_grad=True)
    chunked_objective(Watching(), hidden, weight, torch.zeros(8, 256, dtype=torch.int64))
    assert seen == [(1, 256, 30)] * 8


class Masked:
    """An objective whose shapes depend on its numbers, which no compiler can know."""

    name = "masked"

    def __call__(self, logits: Tensor, labels: Tensor, scores: Tensor | None) -> ObjectiveOutput:
        known = labels != IGNORE
        losses = torch.nn.functional.cross_entropy(logits[known], labels[known], reduction="none")
        return ObjectiveOutput(losses.mean(), {})


@pytest.mark.slow
@pytest.mark.skipif(compilation_problem() is not None, reason=f"{compilation_problem()}")
@pytest.mark.parametrize(
    "objective", [MLE(), RWR(), AWR(), Selective(), Unlikelihood(), Masked()], ids=lambda objective: objective.name
)
def test_compiled_loss_scalars_and_gradients_equal_the_plain_path(case, objective):
    found = []
    for taken in (part, torch.compile(part, dynamic=False)):
        hidden, weight, labels, scores = (given.clone() for given in case)
        values = torch.zeros(labels.shape, requires_grad=True) if getattr(objective, "critic", False) else None
        inputs = [hidden.detach().requires_grad_(), weight.detach().requires_grad_()]
        output = chunked_objective(objective, *inputs, labels, scores, values, chunk=24, taken=taken)
        output.loss.backward()
        found.append(
            (output.loss.detach(), output.scalars, *(x.grad for x in inputs), values is not None and values.grad)
        )
    torch.testing.assert_close(found[1], found[0])
