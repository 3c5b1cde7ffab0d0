"""Looking ahead draws from the model's own texts that never call for the unwanted token."""

from collections import Counter
from itertools import product

import numpy as np
import pytest
import torch
from torch import nn

from lmstudy.data.tokenizer import BOS, EOS, PAD
from lmstudy.errors import StudyError
from lmstudy.models.generation import Sampling, generate
from lmstudy.models.look_ahead import generate_ahead

BAD, A, B = 7, 8, 9
V = 10
NEXT = {
    BOS: {A: 0.5, B: 0.5},
    A: {A: 0.3, B: 0.3, EOS: 0.3, BAD: 0.1},
    B: {A: 0.05, B: 0.05, EOS: 0.1, BAD: 0.8},
}
"""Probabilities of the next token by the last: after B a bad segment mostly follows."""


class Rows:
    def __init__(self, count: int) -> None:
        self.count = count

    def keep(self, rows: torch.Tensor) -> None:
        self.count = int(rows.sum()) if rows.dtype == torch.bool else len(rows)


class Chain(nn.Module):
    """A model that knows its last token alone."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(V, 2)
        self.table = torch.full((V, V), float("-inf"))
        self.table[PAD] = 0.0
        for last, following in NEXT.items():
            for token, probability in following.items():
                self.table[last, token] = np.log(probability)

    def start(self, tokens, documents, length):
        return Rows(len(tokens))

    def step(self, tokens, cache):
        assert len(tokens) == cache.count
        return self.table[tokens].clone()


def probability(text: tuple[int, ...], longest: int) -> float:
    """Of a text without the unwanted token, one that has reached the longest length being cut there."""
    whole, last = 1.0, BOS
    for token in (*text, EOS)[:longest]:
        whole *= NEXT[last].get(token, 0.0)
        last = token
    return whole


def distance(texts: list[list[int]], longest: int) -> float:
    """Total variation between texts that were drawn and the model's own without the unwanted token."""
    every = [text for n in range(1, longest + 1) for text in product((A, B), repeat=n)]
    own = np.array([probability(text, longest) for text in every])
    drawn = Counter(map(tuple, texts))
    assert set(drawn) <= set(every)
    return float(np.abs(own / own.sum() - np.array([drawn[text] / len(texts) for text in every])).sum() / 2)


SAMPLING = Sampling(banned=(PAD, BOS, BAD), max_tokens=3)


def ahead(count: int, particles: int, seed: int = 1, sampling: Sampling = SAMPLING, **more) -> list[list[int]]:
    generator = torch.Generator().manual_seed(seed)
    asked = {"forced": [[]] * count, "particles": particles, "unwanted": BAD, "generator": generator} | more
    return generate_ahead(Chain().eval(), [[]] * count, sampling, **asked)


def test_many_particles_draw_from_the_models_texts_without_the_unwanted_token_and_banning_it_does_not():
    banned = generate(Chain().eval(), [[]] * 4000, SAMPLING, generator=torch.Generator().manual_seed(1))
    assert distance(banned, 3) > 0.2
    assert distance(ahead(4000, 64), 3) < 0.05
    assert distance(ahead(4000, 64), 3) < distance(ahead(4000, 2), 3) < distance(banned, 3)


def test_the_same_seed_gives_the_same_texts_and_forced_beginnings_stand():
    assert ahead(20, 4) == ahead(20, 4) != ahead(20, 4, seed=2)
    forced = [[B], [A, A], []]
    written = ahead(3, 8, forced=forced)
    assert [text[: len(own)] for text, own in zip(written, forced, strict=True)] == forced


def test_mistakes_are_named():
    with pytest.raises(StudyError, match="token 7 counts against a text and is not banned"):
        ahead(2, 2, sampling=Sampling(banned=(PAD, BOS)))
    with pytest.raises(StudyError, match="look_ahead needs a temperature above 0"):
        ahead(2, 2, sampling=Sampling(temperature=0, banned=(PAD, BOS, BAD)))
    with pytest.raises(StudyError, match="a forced beginning of 4 tokens is longer than max_tokens=3"):
        ahead(1, 2, forced=[[A] * 4])
    assert ahead(0, 2) == []
