"""Documents in memory, with the access that examples and packing need."""

import numpy as np


class FakeDocuments:
    """Token ids from 100 up, no two alike in a document; segments of random length."""

    def __init__(self, lengths: list[int], seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self._tokens = [np.arange(100, 100 + n) for n in lengths]
        self._starts = [
            np.unique(np.concatenate([[0], rng.integers(0, n, max(n // 8, 1))])) if n else np.array([0])
            for n in lengths
        ]
        self._lengths = np.array(lengths)

    def __len__(self) -> int:
        return len(self._tokens)

    def tokens(self, index: int) -> np.ndarray:
        return self._tokens[index]

    def starts(self, index: int) -> np.ndarray:
        return self._starts[index]

    def lengths(self, index: np.ndarray) -> np.ndarray:
        return self._lengths[index]

    def groups(self, count: int) -> np.ndarray:
        return np.arange(len(self)) % count


def random_documents(count: int, seed: int = 0) -> FakeDocuments:
    lengths = np.random.default_rng(seed).lognormal(3.5, 0.9, count).astype(int) + 1
    return FakeDocuments(lengths.tolist(), seed)
