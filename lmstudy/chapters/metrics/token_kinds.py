"""Tokens sorted into a dozen kinds: classes few enough to look at one by one."""

import keyword
import math
import unicodedata

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix
from tokenizers import Tokenizer

from lmstudy.chapters.metrics.next_token import Predictions
from lmstudy.data.tokenizer import SPECIAL_TOKENS
from lmstudy.evaluation.statistics import Estimate
from lmstudy.show.numbers import number
from lmstudy.show.points import points

END = "end of document"
KINDS = (
    "keyword",
    "word",
    "number",
    "bracket",
    "quotation mark",
    "other symbol",
    "white space",
    "line end",
    "part of a character",
    END,
)
"""A token has the first kind here that fits: see `kind`."""

_BRACKETS = frozenset("()[]{}<>（）［］｛｝《》〈〉【】「」『』")
_QUOTES = frozenset("\"'`“”‘’＂＇")


def kind(text: str, keywords: bool) -> str:
    """The kind of a token by its own characters, in any script; Python's keywords are one where asked for.

    A token with a newline is a line end, whatever else it holds. Names in code and words of a sentence in a
    string are the same tokens, so both are words; a piece of one is, too.
    """
    if "\n" in text:
        return "line end"
    if "\ufffd" in text:  # the bytes of this token are no whole character
        return "part of a character"
    bare = text.strip()
    if not bare:
        return "white space"
    if keywords and keyword.iskeyword(bare):
        return "keyword"
    classes = {unicodedata.category(character)[0] for character in bare.replace("_", "")}
    if classes <= {"L", "M"}:
        return "word"
    if classes <= {"L", "M", "N"}:
        return "number" if "L" not in classes else "word"
    if _QUOTES & set(bare):
        return "quotation mark"
    return "bracket" if set(bare) <= _BRACKETS else "other symbol"


def vocabulary_kinds(tokenizer: Tokenizer, keywords: bool) -> np.ndarray:
    """[V + 1] index in `KINDS` of each token, and of the end of a document after the last one."""
    number = {name: index for index, name in enumerate(KINDS)}
    texts = tokenizer.decode_batch([[i] for i in range(tokenizer.get_vocab_size())], skip_special_tokens=False)
    kinds = [number[kind(text, keywords)] for text in texts]
    kinds[: len(SPECIAL_TOKENS)] = [number[END]] * len(SPECIAL_TOKENS)  # in no text, and so in no count
    return np.array([*kinds, number[END]])


def confusion(predictions: Predictions, kinds: np.ndarray) -> pd.DataFrame:
    """Counts: a row for each kind that came, a column for each that was guessed, kinds that occur only."""
    counts = confusion_matrix(kinds[predictions.target], kinds[predictions.guess], labels=range(len(KINDS)))
    table = pd.DataFrame(counts, index=KINDS, columns=KINDS)
    occurs = table.index[(counts.sum(0) + counts.sum(1)) > 0]
    return table.loc[occurs, occurs]


def confusion_figure(counts: pd.DataFrame) -> Figure:
    """Counts of kinds that came (rows) by kinds guessed (columns); shade: the share of the row."""
    shares = counts.div(counts.sum(axis=1).where(lambda total: total > 0, 1), axis=0)
    figure, axes = plt.subplots(figsize=(7.2, 0.4 * len(counts) + 1.3))
    drawn = ConfusionMatrixDisplay(shares.to_numpy(), display_labels=counts.columns)
    drawn.plot(cmap="Blues", ax=axes, colorbar=False, im_kw={"vmin": 0, "vmax": 1, "aspect": "auto"})
    for (row, column), count in np.ndenumerate(counts.to_numpy()):
        drawn.text_[row, column].set(text=f"{count:,}" if count else "·", fontsize=8 if count < 10_000 else 6.8)
    axes.tick_params(axis="x", rotation=35)
    plt.setp(axes.get_xticklabels(), ha="right", rotation_mode="anchor")
    axes.set(xlabel="kind of the predicted token", ylabel="kind of the true token")
    figure.colorbar(drawn.im_, ax=axes, shrink=0.6, aspect=25, pad=0.02, label="share of its row")
    return figure


def per_kind(predictions: Predictions, kinds: np.ndarray) -> pd.DataFrame:
    """Support, precision, recall and F1 of each kind that occurs, with their averages below.

    A precision of 0 / 0 (never guessed) and a recall of 0 / 0 (never came) are NaN in their own row, and count
    as 0 in the averages.
    """
    counts = confusion(predictions, kinds)
    came, guessed, right = counts.sum(axis=1), counts.sum(axis=0), pd.Series(np.diag(counts), counts.index)
    rates = {"precision": right / guessed, "recall": right / came, "F1": 2 * right / (came + guessed)}
    shown = pd.DataFrame({"came": came, "guessed": guessed, **rates})
    known = shown[[*rates]].fillna(0.0)
    below = {
        "macro (kinds alike)": known.mean(),
        "weighted (by frequency)": known.mul(shown.came, axis=0).sum() / shown.came.sum(),
        "micro (all together)": pd.Series(right.sum() / came.sum(), index=known.columns),
    }
    total = pd.DataFrame(below).T.assign(came=shown.came.sum(), guessed=shown.guessed.sum())
    return pd.concat([shown, total[shown.columns]])


def cost_by_kind(predictions: Predictions, kinds: np.ndarray, token_bytes: np.ndarray) -> pd.DataFrame:
    """Where the bits go: shares of places, bytes and bits of each kind, bits a byte, and token accuracy.

    `token_bytes` is [V]; the end of a document is of no byte, so it has bits and no bits a byte.
    """
    places = {
        "kind": kinds[predictions.target],
        "places": 1,
        "bytes": np.append(token_bytes, 0)[predictions.target],
        "bits": predictions.bits,
        "right": predictions.right,
    }
    table = pd.DataFrame(places).groupby("kind").sum()
    table.index = table.index.map(dict(enumerate(KINDS)))
    shares = {f"share of {name}": table[name] / table[name].sum() for name in ("places", "bytes", "bits")}
    per_byte = table.bits / table.bytes.where(table.bytes > 0)
    return pd.DataFrame({**shares, "bits per byte": per_byte, "accuracy": table.right / table.places})


def costs_figure(costs: pd.DataFrame) -> Figure:
    """Share of the bytes and of the bits of each kind, the most bytes first; beside it, its bits per byte."""
    ordered = costs.sort_values("share of bytes", ascending=False)
    names = {
        kind: f"{kind}, {'no byte' if math.isnan(cost) else f'{number(cost, decimals=2)} bits a byte'}"
        for kind, cost in ordered["bits per byte"].items()
    }
    series = {
        column: {names[kind]: Estimate(100 * share, math.nan, math.nan, 1) for kind, share in ordered[column].items()}
        for column in ("share of bytes", "share of bits")
    }
    return points(series, "share of all, %", from_zero=True)
