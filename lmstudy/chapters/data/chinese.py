"""Chinese cut into units: by a dictionary of words, by byte pairs, or by both; and what a list of words cannot say."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from lmstudy.data.corpus import Corpus
from lmstudy.data.documents import Document
from lmstudy.data.segmentation import words
from lmstudy.data.tokenizer import token_bytes
from lmstudy.data.vocabulary import out_of_vocabulary
from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate, wilson
from lmstudy.show.texts import fenced

BORDER = "│"


def pieces_of(corpus: Corpus, text: str) -> list[str]:
    """The tokens of a text as they can be shown: one that is not whole characters is written as its bytes."""
    content = text.encode()
    sizes = token_bytes(corpus.tokenizer)[corpus.encode(text)]
    ends = np.concatenate([[0], np.cumsum(sizes)]).tolist()
    return [_shown(content[start:stop]) for start, stop in pairwise(ends)]


def _shown(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return f"‹{content.hex(' ')}›"


def cuts(text: str, corpora: Mapping[str, Corpus]) -> str:
    """Markdown of a text cut into jieba's words, and into the tokens of each corpus, as lines with borders."""
    rows = {"words (jieba)": words(text, "jieba"), **{name: pieces_of(c, text) for name, c in corpora.items()}}
    return "\n\n".join(f"{name}, {len(units)}:\n\n{fenced(BORDER.join(units))}" for name, units in rows.items())


def cut_differently(corpora: Mapping[str, Corpus], characters: tuple[int, int], split: str = "valid") -> str:
    """The held-out review of such a length in which two corpora share the smallest part of their tokens.

    Raises:
        StudyError: no review has such a length.
    """
    one, other = corpora.values()
    low, high = characters
    texts = [text for text in one.splits[split]["text"][:] if low <= len(text) <= high]
    if not texts:
        raise StudyError(f"no review of the {split} split has {low} to {high} characters")
    both = [(Counter(pieces_of(one, text)), Counter(pieces_of(other, text))) for text in texts]
    shared = [(a & b).total() / (a | b).total() for a, b in both]
    return texts[int(np.argmin(shared))]


def unit_table(corpora: Mapping[str, Corpus], split: str = "valid") -> pd.DataFrame:
    """Held-out text in words, and in the tokens of each corpus: how many, and how much one stands for."""
    (first, *_) = corpora.values()
    size, texts = first.report["splits"][split], first.splits[split]["text"][:]
    counts: dict[str, tuple[int, str]] = {
        "characters": (size["characters"], "every character there is"),
        "words (jieba)": (sum(len(words(text, "jieba")) for text in texts), "every word there is"),
    }
    for name, corpus in corpora.items():
        vocabulary = f"{corpus.report['tokenizer']['vocab_size']:,}"
        counts[name] = (corpus.report["splits"][split]["tokens"], vocabulary)
    rows = {
        name: {
            "units": number,
            "units a character": number / size["characters"],
            "bytes a unit": size["bytes"] / number,
            "vocabulary": vocabulary,
        }
        for name, (number, vocabulary) in counts.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


REVIEWS, WORDS = "reviews with\nunknown words", "words"


def unknown_words(corpus: Corpus, sizes: Sequence[int], split: str = "valid") -> dict[str, dict[float, Estimate]]:
    """What vocabularies of the most frequent training words leave unknown on a split, in per cent, by their sizes.

    Of `WORDS` a plain count, since words of one text are not independent; of `REVIEWS` with Wilson's interval.
    """
    texts = corpus.splits[split]["text"][:]
    found = out_of_vocabulary(corpus.splits["train"]["text"][:], texts, sizes, "jieba")
    counted = {u.size: 100 * u.running for u in found}
    return {
        REVIEWS: {u.size: wilson(u.texts * len(texts), len(texts)).times(100) for u in found},
        WORDS: {size: Estimate(value, math.nan, math.nan, len(texts)) for size, value in counted.items()},
    }


def most_repeated(documents: Sequence[Document]) -> tuple[str, int]:
    """The text that occurs most often, white space apart, and how often."""
    ((text, times),) = Counter(" ".join(document.text.split()) for document in documents).most_common(1)
    return text, times


def share_of_label(labels: Sequence[str], label: str, last: float = 0.2) -> tuple[float, float]:
    """Share of a label in all documents, and in the last part of them as they lie."""
    chosen = np.array(labels) == label
    return float(chosen.mean()), float(chosen[-int(last * len(chosen)) :].mean())
