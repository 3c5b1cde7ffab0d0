"""Word vectors from counts: positive pointwise mutual information, factorised.

Levy and Goldberg (2014) showed that Word2Vec with negative sampling factorises, implicitly, a matrix of
pointwise mutual information; here it is written down and factorised by a truncated SVD:

    PPMI[w, c] = max(0, log p(w, c) / (p(w) p(c)^a / sum_c p(c)^a)),    PPMI ~ U S U'^T,    vectors U sqrt(S)

with a = 0.75, the smoothing of contexts that Levy, Goldberg and Dagan (2015) took over from Word2Vec.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd
import scipy.sparse as sp
import torch
import torch.nn.functional as F
from scipy.sparse.linalg import svds
from tokenizers import Tokenizer
from torch import Tensor, nn

from lmstudy.chapters.concepts.shading import MONOSPACE, shade, visible
from lmstudy.data.tokenizer import SPECIAL_TOKENS, decode
from lmstudy.errors import StudyError
from lmstudy.show.numbers import number

SMOOTHING = 0.75


@dataclass(frozen=True)
class WordVectors:
    """Unit vectors of the most frequent tokens."""

    ids: np.ndarray
    """[n] token ids, most frequent first."""
    words: list[str]
    """[n] their text."""
    unit: np.ndarray
    """[n, d]"""

    def index(self, word: str) -> int:
        """Where a word is; with a space before it, if it is only there so."""
        for form in (word, f" {word}"):
            if form in self.words:
                return self.words.index(form)
        raise StudyError(f"{word!r} is not among the {len(self.words)} most frequent tokens")

    def known(self, wanted: Sequence[str], count: int) -> list[str]:
        """Those of the wanted words that have vectors; if fewer than `count`, frequent words with letters fill up."""
        found = [word for word in wanted if word in self.words or f" {word}" in self.words]
        wordy = (word for word in self.words if len(word.strip()) > 1 and word.strip().isalpha())
        for word in wordy:
            if len(found) >= count:
                break
            if word.strip() not in {each.strip() for each in found}:
                found.append(word)
        return found[:count]

    def neighbours(self, word: str, count: int) -> list[tuple[str, float]]:
        """The words with the largest cosine, itself and its own other spellings left out."""
        cosines = self.unit @ self.unit[self.index(word)]
        order = [i for i in np.argsort(-cosines, kind="stable") if self.words[i].strip() != word.strip()]
        return [(self.words[i], float(cosines[i])) for i in order[:count]]


def cooccurrences(tokens: np.ndarray, offsets: np.ndarray, vocab_size: int, window: int) -> sp.csr_array:
    """[V, V] how often two tokens stand at most `window` apart in one document, in either order."""
    document = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    counts = sp.csr_array((vocab_size, vocab_size), dtype=np.float64)
    for distance in range(1, min(window, len(tokens) - 1) + 1):
        inside = document[:-distance] == document[distance:]
        pair = tokens[:-distance][inside], tokens[distance:][inside]
        ones = np.ones(len(pair[0]))
        counts += sp.coo_array((ones, pair), shape=counts.shape).tocsr()
    return (counts + counts.T).tocsr()


def ppmi(counts: sp.csr_array) -> sp.csr_array:
    """Positive pointwise mutual information, in nats, of a matrix of counts; zeros stay zeros."""
    total = counts.sum()
    word = counts.sum(axis=1) / total
    context = np.asarray(counts.sum(axis=0)) ** SMOOTHING
    context = context / context.sum()
    entries = counts.tocoo()
    rows, columns = entries.coords
    values = np.log(entries.data / total) - np.log(word[rows] * context[columns])
    return sp.coo_array((np.maximum(values, 0), (rows, columns)), shape=counts.shape).tocsr()


def count_vectors(
    tokens: np.ndarray,
    offsets: np.ndarray,
    tokenizer: Tokenizer,
    frequent: int = 2000,
    window: int = 4,
    dimensions: int = 64,
    seed: int = 1,
) -> WordVectors:
    """Vectors of the `frequent` most frequent tokens of some documents, from the tokens around them.

    Raises:
        StudyError: fewer different tokens than dimensions.
    """
    frequency = np.bincount(tokens, minlength=tokenizer.get_vocab_size())
    frequency[: len(SPECIAL_TOKENS)] = 0
    ids = np.argsort(-frequency, kind="stable")[: min(frequent, int((frequency > 0).sum()))]
    if len(ids) <= dimensions:
        raise StudyError(f"{len(ids)} different tokens cannot be given {dimensions} dimensions: take more documents")
    counts = cooccurrences(tokens, offsets, len(frequency), window)[ids][:, ids]
    start = np.random.default_rng(seed).standard_normal(len(ids))  # of the iteration; its end does not depend on it
    left, values, _ = svds(ppmi(counts), k=dimensions, v0=start)
    vectors = left * np.sqrt(values)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return WordVectors(ids, [decode(tokenizer, [i]) for i in ids], vectors / np.where(norms > 0, norms, 1))


def neighbour_table(vectors: WordVectors, words: Sequence[str], count: int = 6) -> pd.DataFrame:
    """One row a word: its nearest neighbours, each with the cosine."""
    rows = {
        visible(word): {
            str(place): f"{visible(other)} {number(cosine, decimals=2)}"
            for place, (other, cosine) in enumerate(vectors.neighbours(word, count), start=1)
        }
        for word in words
    }
    return pd.DataFrame(rows).T


def groups(vectors: WordVectors, words: Sequence[str], near: int) -> list[int]:
    """Indices of each word and its nearest neighbours, each once: words used alike, side by side."""
    found: dict[int, None] = {}
    for word in words:
        found[vectors.index(word)] = None
        fresh = [vectors.index(other) for other, _ in vectors.neighbours(word, 5 * near)]
        found |= dict.fromkeys([i for i in fresh if i not in found][:near])
    return list(found)


def similarity_map(vectors: WordVectors, indices: Sequence[int], caption: str) -> str:
    """Cosines between words as a table of shades, in HTML; between different one-hot vectors all would be 0."""
    cosines = vectors.unit[list(indices)] @ vectors.unit[list(indices)].T
    words = [escape(visible(vectors.words[i])) for i in indices]
    cell = "padding:0.2em 0.3em;text-align:center;min-width:1.9em"
    turned = "writing-mode:vertical-rl;transform:rotate(180deg);font-weight:400;padding:0.3em 0"
    along = 'class="verbatim" style="text-align:right;font-weight:400;padding-right:0.5em"'
    rows = ["<tr><td></td>" + "".join(f'<th class="verbatim" style="{turned}">{word}</th>' for word in words) + "</tr>"]
    for word, row in zip(words, cosines, strict=True):
        cells = "".join(f'<td style="{cell};{shade(value)}">{number(round(100 * value))}</td>' for value in row)
        rows.append(f"<tr><th {along}>{word}</th>{cells}</tr>")
    style = f"border-collapse:collapse;{MONOSPACE};font-size:0.75em;margin:0"
    table = f'<table class="study-table" style="{style}"><caption>{escape(caption)}</caption>{"".join(rows)}</table>'
    return f'<div style="overflow-x:auto">{table}</div>'


def lookup_is_a_product(embedding: nn.Embedding, tokens: Tensor) -> tuple[tuple[int, ...], float]:
    """Shape of one-hot rows [T, V], and the largest distance between their product with E and a look-up."""
    one_hot = F.one_hot(tokens, embedding.num_embeddings).to(embedding.weight.dtype)
    with torch.no_grad():
        return tuple(one_hot.shape), float((one_hot @ embedding.weight - embedding(tokens)).abs().max())
