"""Samples of a model as text, from nothing or continuing a beginning."""

import torch
from tokenizers import Tokenizer

from lmstudy.data.tokenizer import BAD, BOS, GOOD, PAD, SENTINELS, decode
from lmstudy.models.generation import Sampling, generate
from lmstudy.models.writer import Writer

BANNED = (PAD, BOS, GOOD, BAD, *SENTINELS)
"""Special tokens that have no place in text; the end token is the one that may be drawn."""


def unconditional_samples(
    model: Writer, tokenizer: Tokenizer, count: int, seed: int, sampling: Sampling | None = None
) -> list[str]:
    """Texts written behind an empty prefix; the same ones for the same weights and seed.

    By default T = .7 and top-p .9, as Korbak et al. (2023) sample.
    """
    if not count:
        return []  # of a model that cannot write, for example
    sampling = sampling or Sampling(0.7, 0.9, banned=BANNED, max_tokens=model.max_positions)
    generator = torch.Generator(next(model.parameters()).device).manual_seed(seed)
    outputs = generate(model.eval(), [[]] * count, sampling, generator=generator)
    return [decode(tokenizer, ids) for ids in outputs]
