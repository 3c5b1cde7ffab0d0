"""The numbers in the answers of the chapter's exercises, as its page shows them."""

import pandas as pd
import torch
import torch.nn.functional as F

from lmstudy.models.embeddings.base import WordVectors
from lmstudy.show.numbers import number, percent


def against_chance(purity: pd.DataFrame, kinds: tuple[str, str] = ("keyword", "name")) -> dict[str, str]:
    """Of two kinds, how often a neighbour is of one kind, by chance and under Word2Vec, and the ratio of both.

    `purity` as of `embeddings.purity_table`. Chance counts the other tokens of a kind among all others.
    """
    count, found = purity["tokens"], dict[str, str]()
    for name, kind in zip(("first", "second"), kinds, strict=True):
        chance = (count[kind] - 1) / (count["all kinds"] - 1)
        share = purity.loc[kind, purity.columns[1]].value / 100
        found |= {f"{name}_tokens": number(int(count[kind])), f"{name}_chance": percent(chance, decimals=1)}
        found |= {f"{name}_share": percent(share, decimals=0), f"{name}_times": number(share / chance, 2)}
    return found | {"all_tokens": number(int(count["all kinds"]))}


def at_each_rate(
    rates: pd.DataFrame, ready: str = "Word2Vec, trained", drawn: str = "random, trained"
) -> dict[str, str]:
    """What ready-made vectors save at the lowest and the highest rate tried for both, and at the best rates.

    `rates` as of `lmstudy.study.rates.rate_table`, taken as the page shows them, to three decimals.
    """
    both = rates[[ready, drawn]].round(3).dropna()
    saved = both[drawn] - both[ready]
    found = {"lowest": saved.iloc[0], "highest": saved.iloc[-1], "best": both[drawn].min() - both[ready].min()}
    told = {f"saved_{name}": number(x, decimals=3) for name, x in found.items()}
    return told | {"rate_lowest": str(saved.index[0]), "rate_highest": str(saved.index[-1])}


def mean_cosine(negatives: int, steps: int = 2000, tokens: int = 20, width: int = 8, seed: int = 1) -> float:
    """The mean cosine of the vectors of different tokens after `steps` of Word2Vec's objective on made-up pairs.

    A fifth of all pairs of tokens, drawn at random, stand near each other. Negative samples are uniform, and their
    expectation is taken.
    """
    generator = torch.Generator().manual_seed(seed)
    v, u = (0.1 * torch.randn(tokens, width, generator=generator) for _ in range(2))
    near = torch.rand(tokens, tokens, generator=generator) < 0.2
    near |= near.T.clone()
    optimizer = torch.optim.Adam([v.requires_grad_(), u.requires_grad_()], lr=0.02)
    for _ in range(steps):
        logits = v @ u.T
        pushed = near.sum(1) * F.logsigmoid(-logits).mean(1)
        loss = -(F.logsigmoid(logits) * near).sum() - negatives * pushed.sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    units = F.normalize(v.detach(), dim=1)
    return float((units @ units.T)[~torch.eye(tokens, dtype=torch.bool)].mean())


def without_a_vector(vectors: WordVectors) -> dict[str, str]:
    """How many tokens of the vocabulary have no vector."""
    return {"without_vector": number(int((~vectors.found).sum())), "of_tokens": number(len(vectors.found))}
