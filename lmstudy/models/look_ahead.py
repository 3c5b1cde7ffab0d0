"""Writing that drops a text when the model itself expects that it is about to go wrong.

A model that learned control tokens says before every segment how probable it is that a bad one comes next. Banning the
bad token hides that: the model then goes on from a beginning that calls for a bad segment. Here several texts are
written side by side for each one that is wanted, the *particles*. Each loses weight by the probability that its next
token would be the bad one, and from time to time those that have lost much are replaced by copies of the others. With
many particles this draws from the model's own texts without a bad segment, which banning does not. It is sequential
Monte Carlo (Gordon et al. 1993). To drop texts by their next control token is the idea of SafeBeam (Maini et al. 2025,
arXiv 2504.16980).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from lmstudy.data.tokenizer import BOS, PAD
from lmstudy.errors import StudyError
from lmstudy.models.generation import Sampling, draw, forced_table, longest_forced, pad_prompts
from lmstudy.models.network import Writer

FEW = 0.5
"""Share of particles, as the effective sample size counts them, below which they are drawn anew."""


@torch.inference_mode()
def generate_ahead(
    model: Writer,
    prompts: Sequence[Sequence[int]],
    sampling: Sampling,
    *,
    forced: Sequence[Sequence[int]],
    particles: int,
    unwanted: int,
    generator: torch.Generator | None = None,
) -> list[list[int]]:
    """Write one sequence for each prompt, chosen from several that were written side by side.

    Args:
        model, prompts, sampling, forced, generator: as of `lmstudy.models.generation.generate`.
        particles: sequences written for each prompt.
        unwanted: the control token whose probability counts against a sequence; it is banned, too.

    Returns:
        Token ids of each output without the stop token that ended it.

    Raises:
        StudyError: `unwanted` may be drawn, or the temperature is 0: all particles would be the same.
    """
    if unwanted not in sampling.banned:
        raise StudyError(f"token {unwanted} counts against a text and is not banned")
    if sampling.temperature == 0:
        raise StudyError(
            "look_ahead needs a temperature above 0: at 0 all texts that are written side by side are equal"
        )
    if not prompts:
        return []
    device = next(model.parameters()).device
    groups = torch.arange(len(prompts), device=device)
    cache = model.start(*pad_prompts([p for p in prompts for _ in range(particles)], device), sampling.max_tokens)
    longest, (given, is_given) = longest_forced(forced, sampling), forced_table(forced, device)
    banned = torch.tensor([token for token in sampling.banned if token != unwanted], device=device)
    stop = torch.tensor(sampling.stop, device=device)
    written = torch.full((len(prompts) * particles, sampling.max_tokens), PAD, device=device)
    weight = torch.zeros(len(prompts), particles, device=device)  # logarithms, up to a constant
    done = torch.zeros(len(written), dtype=torch.bool, device=device)
    token = torch.full_like(done, BOS, dtype=torch.int64)
    found: dict[int, list[int]] = {}
    for position in range(sampling.max_tokens):
        logits = model.step(token, cache).index_fill_(1, banned, float("-inf"))
        lost = (logits / sampling.temperature).softmax(-1)[:, unwanted]
        logits[:, unwanted] = float("-inf")
        drawn = draw(logits, sampling, 1 - torch.rand(len(logits), device=device, generator=generator))
        set_by, token = torch.zeros_like(done), drawn
        if position < longest:
            set_by = is_given[groups, position].repeat_interleave(particles)
            token = torch.where(set_by, given[groups, position].repeat_interleave(particles), drawn)
        weight += torch.log1p(-lost.masked_fill(done | set_by, 0.0)).view_as(weight)
        done |= (token[:, None] == stop).any(-1) & ~set_by
        token = token.masked_fill(done, PAD)
        written[:, position] = token
        kept = _resampled(weight, generator)
        if kept is not None:
            written, done, token = written[kept], done[kept], token[kept]
            cache.keep(kept)
        over = done.view_as(weight).all(1)
        if position == sampling.max_tokens - 1:
            over[:] = True
        if over.any():
            found |= _chosen(groups[over], written.view(len(groups), particles, -1)[over], weight[over], generator)
            if over.all():
                break
            rows = (~over).repeat_interleave(particles)
            groups, weight, written, done, token = groups[~over], weight[~over], written[rows], done[rows], token[rows]
            cache.keep(rows)
    return [found[number] for number in range(len(prompts))]


def _shares(weight_NK: Tensor) -> Tensor:
    """Weights [N, K] that sum to 1; equal ones where all are lost."""
    best = weight_NK.max(1, keepdim=True).values
    shares = torch.where(best.isfinite(), weight_NK - best, 0.0).exp()
    return shares / shares.sum(1, keepdim=True)


def _resampled(weight_NK: Tensor, generator: torch.Generator | None) -> Tensor | None:
    """Rows [N K] to go on with, where in some group few particles count; their weights become equal. None: all as is.

    By systematic resampling (Kitagawa 1996), in which a particle is copied as often as its weight says, rounded up or
    down.
    """
    groups, particles = weight_NK.shape
    shares = _shares(weight_NK)
    few = 1 / (shares**2).sum(1) < FEW * particles
    if not few.any():
        return None
    steps = torch.arange(particles, device=shares.device) + torch.rand(
        groups, 1, device=shares.device, generator=generator
    )
    own = torch.searchsorted(shares.cumsum(1).contiguous(), (steps / particles).contiguous()).clamp_(max=particles - 1)
    own = torch.where(few[:, None], own, torch.arange(particles, device=shares.device))
    weight_NK[few] = 0.0
    return (own + torch.arange(groups, device=shares.device)[:, None] * particles).flatten()


def _chosen(
    groups: Tensor, written_NKT: Tensor, weight_NK: Tensor, generator: torch.Generator | None
) -> dict[int, list[int]]:
    """Of each finished group one particle, drawn by weight."""
    own = torch.multinomial(_shares(weight_NK), 1, generator=generator)[:, 0]
    rows = written_NKT[torch.arange(len(own), device=own.device), own].tolist()
    return {int(group): [t for t in row if t != PAD] for group, row in zip(groups, rows, strict=True)}
