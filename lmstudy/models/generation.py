"""Sampling from an encoder-decoder model with its key-value cache, batched.

Holtzman et al. (2020) for nucleus sampling; temperature comes before top-p, as is usual.
"""

from collections.abc import Sequence
from dataclasses import dataclass

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


def nucleus(logits_BV: Tensor, top_p: float, candidates: int = NUCLEUS) -> Tensor:
    """Logits [B, V] where all but the smallest set of tokens that reaches `top_p` is -inf.

    A token stays while the mass of the more probable ones is below `top_p`, so the most probable always does.
    """
    candidates = min(candidates, logits_BV.shape[1])
    values, order = logits_BV.topk(candidates)
    probability = (values - logits_BV.logsumexp(-1, keepdim=True)).exp()
    mass = probability.cumsum(-1)
    kept = values.masked_fill(mass - probability >= top_p, float("-inf"))
    filtered = torch.full_like(logits_BV, float("-inf")).scatter(1, order, kept)
    wider = mass[:, -1] < top_p
    if candidates < logits_BV.shape[1] and wider.any():
        filtered[wider] = nucleus(logits_BV[wider], top_p, logits_BV.shape[1])
    return filtered


def filtered_logits(logits_BV: Tensor, sampling: Sampling) -> Tensor:
    """Logits [B, V] after bans, temperature and top-p; what is excluded is -inf."""
    if sampling.banned:
        banned = torch.tensor(sampling.banned, device=logits_BV.device)
        logits_BV = logits_BV.index_fill(1, banned, float("-inf"))
    if sampling.temperature not in (0, 1):
        logits_BV = logits_BV / sampling.temperature
    return nucleus(logits_BV, sampling.top_p) if sampling.top_p < 1 else logits_BV


def draw(logits_BV: Tensor, sampling: Sampling, uniform_B: Tensor) -> Tensor:
    """Next tokens [B], by inversion: the first whose cumulated probability reaches a number in (0, 1].

    `torch.multinomial` draws V random numbers for a token, which on a CPU takes longer than the model.
    """
    if not torch.isfinite(logits_BV.amax(-1)).all():
        raise StudyError("every token is banned: nothing is left to sample")
    if sampling.temperature == 0:
        return logits_BV.argmax(-1)
    cumulated = logits_BV.softmax(-1).cumsum(-1)
    # Excluded tokens add nothing: none of them is the first to reach a positive number.
    return torch.searchsorted(cumulated, uniform_B[:, None] * cumulated[:, -1:])[:, 0]


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
        model: a model with `start` and `step`; in evaluation mode.
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
    if model.training:
        raise StudyError("the model is in training mode: call model.eval() before generating")
    device = next(model.parameters()).device
    cache = model.start(*pad_prompts(prompts, device), length=sampling.max_tokens)
    given_BT, is_given_BT = _forced_table(forced, sampling.max_tokens, device)
    stop = torch.tensor(sampling.stop, device=device)

    rows_N = torch.arange(len(prompts), device=device)
    done_N = torch.zeros(len(prompts), dtype=torch.bool, device=device)
    token_N = torch.full((len(prompts),), BOS, device=device)
    output_BT = torch.full((len(prompts), sampling.max_tokens), PAD, device=device)
    for position in range(sampling.max_tokens):
        logits_NV = filtered_logits(model.step(token_N, cache), sampling)
        # One number for every prompt, finished or not: what a sequence gets does not depend on the others.
        uniform_B = 1 - torch.rand(len(prompts), device=device, generator=generator)
        next_N = draw(logits_NV, sampling, uniform_B[rows_N])
        is_given_N = is_given_BT[rows_N, position]
        next_N = torch.where(is_given_N, given_BT[rows_N, position], next_N)
        done_N = done_N | (torch.isin(next_N, stop) & ~is_given_N)
        token_N = next_N.masked_fill(done_N, PAD)
        output_BT[rows_N, position] = token_N
        finished = int(done_N.sum())
        if finished == len(rows_N):
            break
        if finished * 4 >= len(rows_N):  # dropping rows copies the cache, so not for every one of them
            going = ~done_N
            rows_N, token_N, done_N = rows_N[going], token_N[going], done_N[going]
            cache.keep(going)
    return [[t for t in row if t != PAD] for row in output_BT.tolist()]


def _forced_table(forced: Sequence[Sequence[int]], length: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Tokens [B, length] that outputs begin with, and where there are some."""
    longest = max(map(len, forced))
    if longest > length:
        raise StudyError(f"a forced beginning of {longest} tokens is longer than max_tokens={length}")
    given = torch.tensor([[*tokens, *[PAD] * (length - len(tokens))] for tokens in forced], device=device)
    lengths = torch.tensor([len(tokens) for tokens in forced], device=device)
    return given, torch.arange(length, device=device) < lengths[:, None]
