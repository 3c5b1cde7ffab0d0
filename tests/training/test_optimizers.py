"""Schedules in closed form, and what each optimiser does to a matrix."""

import math

import pytest
import torch
from torch import nn

from lmstudy.errors import StudyError
from lmstudy.models.transformer import FeedForward
from lmstudy.training.muon import COEFFICIENTS, Muon, orthogonalise
from lmstudy.training.optimizers import AdamW, split_by_decay


def test_linear_schedule():
    schedule = AdamW(warmup_steps=10, decay="linear", decay_share=1.0, final=0.0)
    assert [schedule.factor(s, 110) for s in (0, 4, 9, 10, 60, 110)] == pytest.approx([0.1, 0.5, 1, 1, 0.5, 0])


def test_cosine_stable_and_constant_schedules():
    cosine = AdamW(warmup_steps=0, decay="cosine", final=0.2)
    assert [cosine.factor(s, 100) for s in (0, 50, 100)] == pytest.approx([1, 0.6, 0.2])
    stable = AdamW(warmup_steps=0, decay="linear", decay_share=0.25, final=0.0)
    assert [stable.factor(s, 100) for s in (0, 74, 75, 90, 100)] == pytest.approx([1, 1, 1, 0.4, 0])
    assert AdamW(warmup_steps=0, decay="none").factor(10**6, 100) == 1


def small_model() -> nn.Module:
    torch.manual_seed(0)
    return nn.ModuleDict({"embedding": nn.Embedding(7, 4), "linear": nn.Linear(4, 6), "norm": nn.LayerNorm(6)})


def test_norms_biases_and_embeddings_do_not_decay():
    model = small_model()
    decayed, kept = split_by_decay(model)
    assert [tuple(p.shape) for p in decayed] == [(6, 4)]
    assert {tuple(p.shape) for p in kept} == {(7, 4), (6,)}
    assert len(decayed) + len(kept) == len(list(model.parameters()))


@pytest.mark.parametrize("shape", [(3, 8, 8), (2, 16, 4), (2, 4, 16), (1, 5, 9)])
def test_orthogonalise_brings_singular_values_near_one_and_keeps_directions(shape):
    torch.manual_seed(1)
    x = torch.randn(shape)
    y = orthogonalise(x)
    values = torch.linalg.svdvals(y)
    assert values.min() > 0.6
    assert values.max() < 1.25
    u, _, vt = torch.linalg.svd(x, full_matrices=False)
    cosine = ((u @ vt) * y).sum() / ((u @ vt).norm() * y.norm())
    assert cosine > 0.97


def newton_schulz(x: torch.Tensor, iterations: int = 5) -> torch.Tensor:
    """The iteration as it is written down, for any shape, in double precision."""
    a, b, c = COEFFICIENTS
    x = x.double() / (x.double().norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(iterations):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return x


def with_singular_values(shape: tuple[int, int], values: torch.Tensor, seed: int = 0) -> torch.Tensor:
    """Two random float32 matrices [2, M, N] with these singular values [min(M, N)]."""
    g = torch.Generator().manual_seed(seed)
    u, v = (torch.linalg.qr(torch.randn(2, size, len(values), generator=g, dtype=torch.float64))[0] for size in shape)
    return ((u * values) @ v.mT).float()


SHAPES = [(4, 8), (8, 4), (128, 352), (352, 128), (128, 128), (16, 31), (1, 9)]
"""Wide ones and tall ones go by their Gram matrices, the others (less than twice as long) plainly."""


@pytest.mark.parametrize("shape", SHAPES)
def test_the_form_on_gram_matrices_equals_plain_newton_schulz(shape):
    x = torch.randn(3, *shape, generator=torch.Generator().manual_seed(2))
    assert (orthogonalise(x) - newton_schulz(x)).abs().max() < 1e-4
    even = with_singular_values(shape, torch.linspace(1, 0.5, min(shape)))
    assert (orthogonalise(even) - newton_schulz(even)).abs().max() < 1e-4


@pytest.mark.parametrize("condition", [1e2, 1e4, 1e8])
@pytest.mark.parametrize("shape", SHAPES[:4])
def test_ill_conditioned_matrices_lose_two_thousandths_at_most(shape, condition):
    """A Gram matrix holds squares: float32 rounds singular values below 2e-4 of the largest away, and the iteration
    makes what is left 480 times larger. All entries of the result are below 1.
    """
    x = with_singular_values(shape, torch.logspace(0, -math.log10(condition), min(shape), dtype=torch.float64))
    found = orthogonalise(x)
    assert (found - newton_schulz(x)).abs().max() < 2e-3
    assert torch.linalg.svdvals(found).max() < 1.25


@pytest.mark.parametrize("shape", SHAPES[:4])
def test_matrices_without_full_rank_stay_finite(shape):
    x = torch.zeros(2, *shape)
    x[1, 0] = 1.0  # rank one; the first is zero, as the gradient of what no token has reached
    found = orthogonalise(x)
    assert not found[0].any()
    assert (found - newton_schulz(x)).abs().max() < 2e-3  # ill-conditioned as can be


def step(settings, steps: int = 3) -> dict[str, torch.Tensor]:
    model = small_model()
    optimizer = settings.build(model)
    g = torch.Generator().manual_seed(5)
    for _ in range(steps):
        for parameter in model.parameters():
            parameter.grad = torch.randn(parameter.shape, generator=g)
        optimizer.step()
    return dict(model.named_parameters())


def test_muon_follows_torch_muon_up_to_its_bfloat16():
    settings = Muon(matrix_lr=0.1, momentum=0.9, weight_decay=0.1)
    ours = step(settings)["linear.weight"]
    model = small_model()
    theirs = torch.optim.Muon([model["linear"].weight], lr=0.1, momentum=0.9, weight_decay=0.1, nesterov=True)
    g = torch.Generator().manual_seed(5)
    for _ in range(3):
        for parameter in model.parameters():
            parameter.grad = torch.randn(parameter.shape, generator=g)
        theirs.step()
    moved = ours - small_model()["linear"].weight
    assert (ours - model["linear"].weight).norm() < 0.05 * moved.norm()


def test_muon_leaves_norms_and_embeddings_to_adamw():
    muon = step(Muon(lr=0.01, weight_decay=0.3))
    adamw = step(AdamW(lr=0.01, weight_decay=0.3))
    for name in muon:
        same = torch.allclose(muon[name], adamw[name], rtol=1e-5, atol=1e-7)
        assert same == (name != "linear.weight")


def test_muon_resumes_from_its_state():
    model, settings = small_model(), Muon()
    first = settings.build(model)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    first.step()
    second = settings.build(model)
    second.load_state_dict(first.state_dict())
    states = [[s["momentum_buffer"] for s in o.state.values() if "momentum_buffer" in s] for o in (first, second)]
    assert len(states[0]) == 1
    torch.testing.assert_close(*states)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AdamW(warmup_steps=-1), "warmup_steps=-1"),
        (lambda: AdamW(final=2), "final=2"),
        (lambda: AdamW(lr=0), "lr=0 must be positive"),
        (lambda: AdamW(clip=0), "clip=0 must be positive"),
        (lambda: AdamW(beta2=1), "beta2=1 must be at least 0 and below 1"),
        (lambda: AdamW(weight_decay=-0.1), r"weight_decay=-0\.1 must be at least 0"),
        (lambda: Muon(matrix_lr=-1), "matrix_lr=-1 must be positive"),
        (lambda: Muon(momentum=2), "momentum=2 must be at least 0 and below 1"),
    ],
)
def test_mistakes_are_named(make, message):
    with pytest.raises(StudyError, match=message):
        make()


@pytest.mark.parametrize("shape", [(3, 32, 32), (3, 32, 96), (3, 96, 32)])
def test_in_bfloat16_matrices_become_orthogonal_as_in_float32(shape):
    """Whatever their singular values: those of momenta lie orders of magnitude apart."""
    torch.manual_seed(0)
    small = min(shape[1:])
    values = torch.logspace(0, -4, shape[2]).expand(shape[0], -1)
    matrices = torch.randn(shape) * values[:, None]
    full, half = orthogonalise(matrices), orthogonalise(matrices.bfloat16()).float()
    assert (full - half).norm() < 0.05 * full.norm()
    assert torch.linalg.svdvals(half)[:, : small // 2].max() < 1.3


def test_matrices_that_share_a_layer_are_made_orthogonal_apart_if_asked():
    torch.manual_seed(1)
    feed_forward = FeedForward(8, 24)
    before = feed_forward.gate_up.weight.detach().clone()
    for apart in (False, True):
        feed_forward.gate_up.weight.data.copy_(before)
        feed_forward.zero_grad()
        built = Muon(matrix_lr=1.0, momentum=0.0, weight_decay=0.0, apart=apart).build(feed_forward)
        gradient = torch.randn(48, 8) * torch.cat([torch.ones(24, 1), 100 * torch.ones(24, 1)])
        feed_forward.gate_up.weight.grad = gradient
        built.step()
        gate, up = (before - feed_forward.gate_up.weight.detach()).chunk(2)
        share = float(gate.norm() / up.norm())
        assert (0.8 < share < 1.25) is apart  # together, the larger gradient takes nearly all of the step
