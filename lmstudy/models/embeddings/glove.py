"""GloVe (Pennington, Socher & Manning 2014), fitted on the corpus' own tokens.

The objective is the paper's, equation 8. What differs from the authors' program is the order of the updates: instead
of one pair of words at a time, AdaGrad takes a tile of the matrix, some words as rows and some as columns, which one
matrix product covers. Every pair is still seen once an epoch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from scipy import sparse
from torch import Tensor

from lmstudy.data.documents import Progress
from lmstudy.data.examples import Ints
from lmstudy.errors import StudyError
from lmstudy.models.embeddings.base import WordVectors, check_least
from lmstudy.models.embeddings.learned import Learned

TILE = 512
"""Words on each side of a tile: a batch of up to 262,144 pairs."""


def cooccurrences(documents: Sequence[Ints], vocab_size: int, window: int) -> sparse.csr_array:
    """X [V, V]: for each pair of tokens, 1/d summed over their occurrences at a distance d <= `window` in a document.

    Both directions count, so X is symmetric.
    """
    ids = np.concatenate([*documents, np.empty(0, dtype=np.int64)])
    document = np.repeat(np.arange(len(documents)), [len(d) for d in documents])
    ahead = sparse.csr_array((vocab_size, vocab_size))
    for distance in range(1, min(window, len(ids) - 1) + 1):
        together = document[:-distance] == document[distance:]
        left, right = ids[:-distance][together], ids[distance:][together]
        weights = np.full(len(left), 1 / distance)
        ahead = ahead + sparse.coo_array((weights, (left, right)), shape=ahead.shape).tocsr()
    return sparse.csr_array(ahead + ahead.T)


def objective(
    rows_RD: Tensor, columns_CD: Tensor, row_bias_R: Tensor, column_bias_C: Tensor, x_RC: Tensor, x_max: float
) -> Tensor:
    """J = sum over pairs with X > 0 of f(X) (w'c + b + b~ - log X)^2, f(X) = min(1, (X / x_max)^0.75)."""
    weights = (x_RC / x_max).clamp(max=1) ** 0.75  # 0 where a pair was never seen
    logarithms = torch.where(x_RC > 0, x_RC, 1.0).log()
    errors = rows_RD @ columns_CD.T + row_bias_R[:, None] + column_bias_C - logarithms
    return (weights * errors**2).sum()


@dataclass(frozen=True)
class GloVe(Learned):
    """Vectors whose products, with biases, give the logarithm of how often two tokens are near each other.

    Each token has two vectors, as row and as column of the matrix of counts; their sum is its vector, as in the paper.

    window: how many tokens away, on either side, a token still counts as near (by 1/distance).
    x_max: the count from which a pair weighs fully.
    epochs: passes over the matrix.
    lr: of AdaGrad, whose sums of squares begin at 1.
    A token seen less than `min_count` times is no neighbour either.
    """

    window: int = 10
    x_max: float = 100.0
    epochs: int = 25
    lr: float = 0.2
    NAME: ClassVar[str] = "glove"
    VERSION: ClassVar[int] = 1

    def __post_init__(self) -> None:
        check_least(self, {"window": 1, "epochs": 1, "tokens": 1, "min_count": 1, "seed": 0})
        for name in ("x_max", "lr"):
            if not getattr(self, name) > 0:
                raise StudyError(f"embedding.{name}={getattr(self, name)} must be positive")

    def learn(self, documents: Sequence[Ints], vocab_size: int, width: int, progress: Progress) -> WordVectors:
        """Vectors from token ids, up to rounding the same for the same text.

        Raises:
            StudyError: no token is seen often enough, or no two of them are near each other.
        """
        counts = sum((np.bincount(ids, minlength=vocab_size) for ids in documents), np.zeros(vocab_size, np.int64))
        ids = np.flatnonzero(counts >= self.min_count)
        x = cooccurrences(documents, vocab_size, self.window)[ids][:, ids]
        if not x.nnz:
            raise StudyError(f"embedding.min_count={self.min_count}: no two tokens seen so often are near each other")
        progress(f"glove: {x.nnz:,} pairs of tokens in {int(counts.sum()):,} tokens")
        return self.spread(self._fit(x, width, progress).numpy(), ids, vocab_size)

    def _fit(self, x: sparse.csr_array, width: int, progress: Progress) -> Tensor:
        """The sum of both vectors of each word [N, D]."""
        words = x.shape[0]
        generator = torch.Generator().manual_seed(self.seed)
        shapes = [(words, width), (words, width), (words,), (words,)]
        parameters = [((torch.rand(s, generator=generator) - 0.5) / width).requires_grad_() for s in shapes]
        rows, columns, row_bias, column_bias = parameters
        optimizer = torch.optim.Adagrad(parameters, lr=self.lr, initial_accumulator_value=1.0)
        rng = np.random.default_rng(self.seed)
        for epoch in range(1, self.epochs + 1):
            total = 0.0
            for r, c, x_RC in _tiles(x, rng):
                optimizer.zero_grad()
                loss = objective(
                    F.embedding(r, rows), F.embedding(c, columns), row_bias[r], column_bias[c], x_RC, self.x_max
                )
                loss.backward()
                optimizer.step()
                total += loss.item()
            if epoch % 5 == 0 or epoch == self.epochs:
                progress(f"glove: pass {epoch} of {self.epochs}, loss {total / x.nnz:.4f} a pair")
        return (rows + columns).detach()


def _tiles(x: sparse.csr_array, rng: np.random.Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """The matrix as dense tiles in a random order of rows and columns: indices R and C, and X [R, C]."""
    row_order, column_order = rng.permutation(x.shape[0]), rng.permutation(x.shape[1])
    for first in range(0, len(row_order), TILE):
        rows = row_order[first : first + TILE]
        band = x[rows][:, column_order].tocsc()
        for left in range(0, len(column_order), TILE):
            tile = band[:, left : left + TILE].toarray().astype(np.float32)
            columns = column_order[left : left + TILE]
            yield torch.from_numpy(rows), torch.from_numpy(columns), torch.from_numpy(tile)
