"""The network of the listing in this package, on the same two sentences."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from lmstudy.chapters.listing.driver import COPIES, SENTENCES, VECTORS, WORDS
from lmstudy.models.dense import DenseAutoencoder

EPOCHS, RATE = 50, 0.01
"""As the listing is called; all rows are one batch."""


def trained(predicts: bool, seed: int) -> dict[str, Any]:
    """What the driver says of a run of the listing: the losses of each epoch, and the answer to each word.

    Args:
        predicts: whether the target is the next word, or what went in.
        seed: of all weights, and of the vectors of words that have none.
    """
    torch.manual_seed(seed)
    model = DenseAutoencoder(len(WORDS), max_positions=8, d_model=2, widths=[100, 50, 25, 50, 100])
    model.embedding.weight.requires_grad_(False)
    model.embedding.weight.mul_(0.1)
    for word, vector in VECTORS.items():
        model.embedding.weight[WORDS.index(word)] = torch.tensor(vector, dtype=torch.float32)
    rows = torch.tensor(SENTENCES * COPIES)
    given, target = (rows[:, :-1], rows[:, 1:]) if predicts else (rows, rows)
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=RATE)
    losses = []
    for _ in range(EPOCHS):
        logits = F.linear(model.states(given), model.output_weight)
        loss = F.cross_entropy(logits.flatten(0, 1), target.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    with torch.no_grad():
        answers = F.linear(model.states(torch.arange(len(WORDS))), model.output_weight).argmax(-1)
    return {"losses": {"loss": losses}, "answers": [WORDS[number] for number in answers.tolist()]}
