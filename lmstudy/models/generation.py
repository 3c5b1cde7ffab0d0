"""Sampling from an encoder-decoder model with its key-value cache, batched.

Holtzman et al. (2020) for nucleus sampling; temperature comes before top-p, as is usual.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lmstudy.data.tokenizer import BOS, EOS, PAD
from lmstudy.errors import StudyError
from lmstudy.models.network import Writer


@dataclass(frozen=True)
class Sampling:
    """How the next token is drawn, and what is allowed.

    Attributes:
        temperature: 0 or more; logits are divided by it, and 0 takes the most probable token (greedy).
        top_p: only the smallest set of tokens whose probability reaches it, above 0; 1 keeps all.
        banned: tokens that are never drawn.
        stop: tokens that end a sequence.
        max_tokens: longest output, forced tokens included.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    banned: tuple[int, ...] = (PAD, BOS)
    stop: tuple[int, ...] = (EOS,)
    max_tokens: int = 256


NUCLEUS = 128
"""Candidates looked at first for top-p: they hold the nucleus of nearly every row, and finding them needs no sort."""


def largest(x_BV: Tensor, count: int) -> Tensor:
    """The `count` largest numbers [B, count] of each row, the largest first.

    On a CPU by NumPy, whose partition and sort of bare numbers take a tenth of the time of `torch.topk`.
    """
    if x_BV.device.type != "cpu":
        return x_BV.topk(count).values
    values = x_BV.numpy()
    if count < values.shape[1]:
        values = np.partition(values, -count, axis=-1)[:, -count:]
    return torch.from_numpy(np.sort(values, axis=-1)).flip(-1)


def nucleus(probability_BV: Tensor, top_p: float, candidates: int = NUCLEUS) -> Tensor:
    """The probability of the least probable token [B, 1] in the smallest set of tokens that reaches `top_p`.

    A token is in while the mass of the more probable ones is below `top_p`, so the most probable always is. Tokens of
    equal probability are in or out together.
    """
    candidates = min(candidates, probability_BV.shape[1])
    most_BC = largest(probability_BV, candidates)
    mass_BC = most_BC.cumsum(-1)
    count_B1 = (mass_BC - most_BC < top_p).sum(-1, keepdim=True).clamp_(min=1)
    least_B1 = most_BC.gather(1, count_B1 - 1)
    wider = mass_BC[:, -1] < top_p
    if candidates < probability_BV.shape[1] and wider.any():
        least_B1[wider] = nucleus(probability_BV[wider], top_p, probability_BV.shape[1])
    return least_B1


def probabilities(logits_BV: Tensor, sampling: Sampling) -> Tensor:
    """What next tokens are drawn in proportion to, [B, V], after temperature and top-p: what is excluded is 0.

    A row sums to 1, or to the mass of its nucleus.
    """
    if sampling.temperature != 1:
        logits_BV = logits_BV / sampling.temperature
    probability_BV = logits_BV.softmax(-1)
    if sampling.top_p < 1:
        probability_BV.masked_fill_(probability_BV < nucleus(probability_BV, sampling.top_p), 0)
    return probability_BV


def draw(logits_BV: Tensor, sampling: Sampling, uniform_B: Tensor) -> Tensor:
    """Next tokens [B], by inversion: the first whose cumulated probability reaches a number in (0, 1].

    `torch.multinomial` draws V random numbers for a token, which on a CPU takes longer than the model.

    Raises:
        StudyError: the logits of a row are all -inf, or not numbers.
    """
    if sampling.temperature == 0:
        total_B, next_B = logits_BV.max(-1)
    else:
        cumulated_BV = probabilities(logits_BV, sampling).cumsum_(-1)
        total_B = cumulated_BV[:, -1]
        # Excluded tokens add nothing: none of them is the first to reach a positive number.
        next_B = torch.searchsorted(cumulated_BV, (uniform_B * total_B)[:, None])[:, 0]
    if not torch.isfinite(total_B).all():
        raise StudyError("every token is banned: nothing is left to sample")
    return next_B


def pad_prompts(prompts: Sequence[Sequence[int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """Encoder input of one example a row: tokens and document numbers, both [B, S]."""
    rows = [torch.tensor([BOS, *prompt], dtype=torch.int64) for prompt in prompts]
    tokens = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=PAD)
    lengths = torch.tensor([len(row) for row in rows])
    documents = (torch.arange(tokens.shape[1]) < lengths[:, None]).long()
    return tokens.to(device), documents.to(device)


@torch.inference_mode()
def generate(
    model: Writer,
    prompts: Sequence[Sequence[int]],
    sampling: Sampling,
    *,
    forced: Sequence[Sequence[int]] | None = None,
    generator: torch.Generator | None = None,
) -> list[list[int]]:
    """Write one sequence for each prompt.

    Args:
        model: a model with `start` and `step`; in evaluation mode. The logits that a step gives are overwritten.
        prompts: token ids the encoder reads, without a start token; `[]` writes from nothing.
        forced: token ids each output begins with (they count and are returned).
        generator: source of randomness; the global one if None.

    Returns:
        Token ids of each output without the stop token that ended it.
    """
    if not prompts:
        return []
    forced = forced or [[] for _ in prompts]
    if len(forced) != len(prompts):
        raise StudyError(f"{len(forced)} forced beginnings were given for {len(prompts)} prompts")
    longest = longest_forced(forced, sampling)
    if model.training:
        raise StudyError("the model is in training mode: call model.eval() before generating")
    device = next(model.parameters()).device
    cache = model.start(*pad_prompts(prompts, device), length=sampling.max_tokens)
    given_NT, is_given_NT = forced_table(forced, device)
    banned, stop = (torch.tensor(ids, dtype=torch.int64, device=device) for ids in (sampling.banned, sampling.stop))

    output_BT = torch.full((len(prompts), sampling.max_tokens), PAD, device=device)
    written_NT = output_BT.clone()
    rows_N = torch.arange(len(prompts), device=device)
    done_N = torch.zeros(len(prompts), dtype=torch.bool, device=device)
    token_N = torch.full((len(prompts),), BOS, device=device)
    for position in range(sampling.max_tokens):
        logits_NV = model.step(token_N, cache).index_fill_(1, banned, float("-inf"))
        # One number for every prompt, finished or not: what a sequence gets does not depend on the others.
        uniform_B = 1 - torch.rand(len(prompts), device=device, generator=generator)
        next_N = draw(logits_NV, sampling, uniform_B[rows_N])
        stops_N = (next_N[:, None] == stop).any(-1)
        if position < longest:
            is_given_N = is_given_NT[:, position]
            next_N = torch.where(is_given_N, given_NT[:, position], next_N)
            stops_N &= ~is_given_N
        done_N |= stops_N
        token_N = next_N.masked_fill(done_N, PAD)
        written_NT[:, position] = token_N
        finished = int(done_N.sum())
        if finished == len(rows_N):
            break
        if finished * 4 >= len(rows_N):  # dropping rows copies the cache, so not for every one of them
            output_BT[rows_N] = written_NT
            going = ~done_N
            rows_N, token_N, done_N, written_NT = rows_N[going], token_N[going], done_N[going], written_NT[going]
            given_NT, is_given_NT = given_NT[going], is_given_NT[going]
            cache.keep(going)
    output_BT[rows_N] = written_NT
    return [[t for t in row if t != PAD] for row in output_BT.tolist()]


def longest_forced(forced: Sequence[Sequence[int]], sampling: Sampling) -> int:
    """Tokens of the longest beginning; a StudyError where it is longer than what may be written."""
    longest = max(map(len, forced))
    if longest > sampling.max_tokens:
        raise StudyError(f"a forced beginning of {longest} tokens is longer than max_tokens={sampling.max_tokens}")
    return longest


def forced_table(forced: Sequence[Sequence[int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """Tokens that outputs begin with, [N, longest of them], and where there are some."""
    lengths = torch.tensor([len(tokens) for tokens in forced])
    rows = [torch.tensor(tokens, dtype=torch.int64) for tokens in forced]
    given = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=PAD)
    return given.to(device), (torch.arange(given.shape[1]) < lengths[:, None]).to(device)
