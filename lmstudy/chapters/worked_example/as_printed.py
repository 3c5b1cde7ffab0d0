"""The worked example of the article's section 4.2: what it prints, and what comes out when it is computed.

The numbers below are the article's. Nothing here puts them right; `redone` does.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.special import expit, softmax, xlogy

from lmstudy.chapters.worked_example.matrices import Part, equations
from lmstudy.show.style import COLOURS

WORDS = ("我", "爱", "编程", "你", "世界")
"""The article's vocabulary, in its order."""
ENGLISH = {"我": "I", "爱": "love", "编程": "programming", "你": "you", "世界": "world"}
SENTENCE = WORDS[:3]

PRINTED: Mapping[str, np.ndarray] = {
    "E": np.array([[1, 0, 0, 0, 0], [0, 1, 0, 0, 0]]),  # printed as one row of five pairs: one column a word
    "selection": np.array([1, 1, 0]),
    "looked up": np.array([[0, 1], [0, 1], [0, 0]]),
    "W": np.array([[1, 1], [1, 0], [0, 1]]),
    "fed": np.array([0, 1, 0]),
    "h": np.array([1, 1, 0]),
    "W'": np.array([[1, 0, 1, 0, 0], [0, 1, 0, 1, 0]]),
    "logits": np.array([1, 1, 0, 0, 0]),
    "probabilities": np.array([0.7, 0.3, 0.0, 0.0, 0.0]),
}
"""What section 4.2 prints, step by step."""

STEPS = (
    ("embedding 嵌入层", "E", "selection", "looked up"),
    ("encoder 编码器", "W", "fed", "h"),
    ("decoder 解码器", "W'", "h", "logits"),
)
"""Of each product that is printed: the step, its two factors and its result (before any activation)."""


def shape(matrix: np.ndarray) -> str:
    """A shape as it is written in a formula: `3×2`, or `3` for a vector."""
    return "×".join(map(str, matrix.shape))


def products() -> pd.DataFrame:
    """Each printed product, as printed and with its matrix transposed: what NumPy says, and whether it was printed."""
    rows = {}
    for step, matrix, vector, result in STEPS:
        for name, left in ((matrix, PRINTED[matrix]), (f"{matrix} transposed", PRINTED[matrix].T)):
            try:
                product = left @ PRINTED[vector]
                told = f"gives {shape(product)}"
            except ValueError as error:
                product, told = None, str(error)[str(error).rindex("(") :].strip("()")
            rows[f"{step}, {name}"] = {
                "matrix": shape(left),
                "times": f"{vector}, {shape(PRINTED[vector])}",
                "NumPy says": told,
                "printed result": shape(PRINTED[result]),
                "agree": product is not None and np.array_equal(product, PRINTED[result]),
            }
    return pd.DataFrame.from_dict(rows, orient="index")


def products_figure() -> Figure:
    """The three products as they are printed, each with the two sizes that would have to be equal."""
    rows: list[list[Part]] = []
    for step, matrix, vector, result in STEPS:
        grids = [
            (f"{name}, {shape(PRINTED[key])}", _bare(PRINTED[key]))
            for name, key in ((matrix, matrix), (vector, vector), ("printed", result))
        ]
        refused = f"  {PRINTED[matrix].shape[1]} ≠ {len(PRINTED[vector])}  "
        rows.append([step.replace(" ", "\n").ljust(14), grids[0], "·", grids[1], refused, grids[2]])
    figure = equations(rows)
    for text in figure.axes[0].texts:
        if "≠" in text.get_text():
            text.set(color=COLOURS[1], weight="bold")
    return figure


def _bare(matrix: np.ndarray) -> pd.DataFrame:
    """Without names of rows and columns; a vector stands upright."""
    grid = matrix.reshape(len(matrix), -1)
    return pd.DataFrame(grid, [""] * len(grid), [""] * grid.shape[1])


def lookups() -> pd.DataFrame:
    """The vector of each word of the sentence by the printed matrix, beside the row that is printed for it."""
    rows = {
        word: {"column of E": str(own.tolist()), "printed": str(row.tolist()), "agree": np.array_equal(own, row)}
        for word, own, row in zip(SENTENCE, PRINTED["E"].T, PRINTED["looked up"], strict=False)
    }
    return pd.DataFrame(rows).T


def same_vector(vectors: np.ndarray) -> list[tuple[str, ...]]:
    """Groups of words whose vectors (rows) are equal, which no layer behind can tell apart."""
    groups: dict[tuple[float, ...], list[str]] = {}
    for word, vector in zip(WORDS, vectors, strict=True):
        groups.setdefault(tuple(vector.tolist()), []).append(word)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def activations() -> pd.DataFrame:
    """The printed probabilities beside the sigmoid and the softmax of the printed logits, and what each adds up to."""
    columns = {
        "logits": PRINTED["logits"],
        "printed": PRINTED["probabilities"],
        "sigmoid": expit(PRINTED["logits"]),
        "softmax": softmax(PRINTED["logits"]),
    }
    table = pd.DataFrame(columns, index=list(WORDS), dtype=float)
    table.loc["sum"] = table.drop(columns="logits").sum()
    return table


def loss_read_literally(probabilities: np.ndarray) -> float:
    """The article's loss as it is written: the sum over positions t and words k of -k log p_tk.

    Section 4.1.4 weights log p by y_t and lets y_t run through the vocabulary, so that y_t can only be a word's
    number (here from 0). The target does not occur. It is least for p_tk proportional to k, whatever the text is.
    `probabilities` has one row a position.
    """
    return -float(xlogy(np.arange(probabilities.shape[-1]), probabilities).sum())


def softmax_twice(sizes: Sequence[int]) -> pd.DataFrame:
    """The range of a cross-entropy that takes softmax outputs for logits, by size V of the vocabulary.

    The inner softmax yields numbers between 0 and 1, so the loss log(sum exp p) - p_target is least for a model that
    is sure and right, log(1 + (V - 1) / e), and greatest for one that is sure and wrong, log(V - 1 + e): one nat more.
    """
    V = pd.Series(sizes, index=sizes)
    columns = {"sure and right": 1 + (V - 1) / math.e, "no idea": V, "sure and wrong": V - 1 + math.e}
    return np.log(pd.DataFrame(columns))
