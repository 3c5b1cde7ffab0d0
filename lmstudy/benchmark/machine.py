"""What the machine gives at this moment: the rate of a plain matrix product."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:  # the contest runs this contender: at run time it must not import the contest
    from lmstudy.benchmark.contest import Account

SIZE = 2048


class MatrixProduct:
    """The contender that every contest runs: C = A B in float32, [2048, 2048] each; units are FLOPs, 2 * 2048^3."""

    def __init__(self, size: int = SIZE) -> None:
        generator = torch.Generator().manual_seed(0)
        self.a, self.b = (torch.randn(size, size, generator=generator) for _ in range(2))
        self.out = torch.empty(size, size)
        self.facts: dict[str, Any] = {"size": size, "dtype": "float32"}

    def block(self) -> float:
        torch.mm(self.a, self.b, out=self.out)
        return 2.0 * len(self.a) ** 3


@dataclass(frozen=True)
class Machine:
    """Rates of the matrix product over the rounds, in FLOP/s."""

    median: float
    best: float
    spread: float
    """(90th - 10th percentile) / median: how unsteady the machine was"""

    @classmethod
    def of(cls, account: Account) -> Machine:
        rates = account.rates()
        low, median, high = np.percentile(rates, [10, 50, 90])
        return cls(float(median), float(rates.max()), float((high - low) / median))
