"""The same bits divided by different things: perplexity under several tokenizers, and bits per byte."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lmstudy.data.tokenizer import encode, train
from lmstudy.evaluation.kneser_ney import KneserNey
from lmstudy.show.curves import curve_panels
from lmstudy.show.numbers import number


def perplexities(texts: Sequence[str], bits: float, tokens: int) -> pd.DataFrame:
    """One model's perplexity 2^(bits / n) of some texts for every n that texts can be counted in.

    `bits` is what the model needs for all of them, ends included, and `tokens` counts their tokens and ends.
    """
    units = {
        "byte": sum(len(text.encode()) for text in texts),
        "character": sum(map(len, texts)),
        "token": tokens,
        "word (between blanks)": sum(len(text.split()) for text in texts),
        "line": sum(len(text.splitlines()) for text in texts),
    }
    rows = {unit: {"units": n, "bits a unit": bits / n, "perplexity": 2 ** (bits / n)} for unit, n in units.items()}
    return pd.DataFrame.from_dict(rows, orient="index")


def plain(perplexity: float) -> str:
    """With four digits at least; a power of two where it would take more than twelve."""
    if perplexity < 1e12:
        return number(perplexity, 4)
    return "2" + number(math.log2(perplexity), decimals=0).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


def by_vocabulary(
    texts: Sequence[str], held_out: Sequence[str], vocabularies: Sequence[int], orders: Sequence[int]
) -> pd.DataFrame:
    """Counted models of the same training texts under tokenizers of several sizes, on the same held-out texts.

    A tokenizer is learned from `texts`; a small text may give a smaller vocabulary than asked for, and `vocabulary`
    is what it gave. A row for each vocabulary and order, with `perplexity` (per token, ends included),
    `bits_per_byte`, and `bytes_per_token`.
    """
    size = sum(len(text.encode()) for text in held_out)
    rows = []
    for wanted in vocabularies:
        tokenizer = train(texts, wanted)
        (tokens, offsets), (others, edges) = (
            _flat(encode(tokenizer, [[text] for text in some])[0]) for some in (texts, held_out)
        )
        predicted = len(others) + len(held_out)
        for order in orders:
            model = KneserNey(order, tokenizer.get_vocab_size()).fit(tokens, offsets)
            bits = float(model.bits(others, edges).sum())
            rows.append((tokenizer.get_vocab_size(), order, 2 ** (bits / predicted), bits / size, size / len(others)))
    return pd.DataFrame(rows, columns=["vocabulary", "order", "perplexity", "bits_per_byte", "bytes_per_token"])


def _flat(documents: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate(documents), np.cumsum([0, *map(len, documents)])


def vocabularies_figure(table: pd.DataFrame) -> Figure:
    """Perplexity and bits per byte against the size of the vocabulary, one line an order (see `by_vocabulary`)."""
    names = {1: "unigram", 2: "bigram", 3: "trigram"}
    panels = {
        title: {
            names.get(order, f"{order}-gram"): dict(zip(rows.vocabulary, rows[column], strict=True))
            for order, rows in table.groupby("order")
        }
        for title, column in (("Perplexity", "perplexity"), ("Bits per byte", "bits_per_byte"))
    }
    labels = {"Perplexity": "log scale", "Bits per byte": ""}
    return curve_panels(panels, "tokens in the vocabulary", labels, columns=2, log_x=True, log_y=["Perplexity"])
