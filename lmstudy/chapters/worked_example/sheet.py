"""The worked example as a sheet to fill in with a pencil, and the same sheet filled in."""

from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd

from lmstudy.chapters.worked_example.as_printed import SENTENCE
from lmstudy.chapters.worked_example.backward import there_and_back
from lmstudy.chapters.worked_example.matrices import entry
from lmstudy.chapters.worked_example.redone import Example, numbers, train
from lmstudy.show.numbers import number

COLUMNS = 5
"""Of the table of exponentials."""


@dataclass(frozen=True)
class Grid:
    """A matrix on the sheet.

    Args:
        name: of the matrix.
        formula: what it is, as HTML.
        given: filled in on the blank sheet, too.
        decimals: of its numbers; None: whole numbers as they are, others with two.
    """

    name: str
    formula: str
    given: bool = False
    decimals: int | None = None


@dataclass(frozen=True)
class Line:
    """A line of the sheet: a step, what its formulas do not say, and its matrices."""

    step: str
    note: str
    grids: tuple[Grid, ...]


SHEET = (
    Line(
        "Given",
        "Rows of E are the vectors of words. Thirds and their exponentials are for the softmax.",
        (Grid("E", "E", True), Grid("W", "W", True), Grid("W'", "W′", True), Grid("exp", "e<sup>x</sup>", True)),
    ),
    Line(
        "Encoder",
        "Rows of S are one-hot.",
        (Grid("S", "S"), Grid("X", "X = SE"), Grid("XW", "XW"), Grid("H", "H = max(0, XW)")),
    ),
    Line(
        "Decoder",
        "c is the mean of the rows of H, and e the rows of E of the words before.",
        (Grid("c", "c"), Grid("before", "e"), Grid("s", "s = c + e"), Grid("logits", "z = sW′")),
    ),
    Line(
        "Loss",
        "L is the mean of −log p at the frames. Y is 1 at the frames, else 0.",
        (
            Grid("p", "p = e<sup>z</sup> / Σ e<sup>z</sup>"),
            Grid("costs", "−log p"),
            Grid("L", "L", decimals=3),
            Grid("gradient", "G = (p − Y) / 3", decimals=3),
        ),
    ),
    Line(
        "Back to the context",
        "dc is the sum of the rows of ds. Each row of dXW is dc / 3 where XW is above 0, else 0.",
        (
            Grid("dW'", "dW′ = s<sup>T</sup>G", decimals=3),
            Grid("ds", "ds = GW′<sup>T</sup>", decimals=3),
            Grid("dc", "dc", decimals=3),
            Grid("dXW", "dXW", decimals=3),
        ),
    ),
    Line(
        "Back to the words",
        "In dE, a word that is read gets its row of dX, and the word before position t gets row t of ds.",
        (
            Grid("dW", "dW = X<sup>T</sup>dXW", decimals=3),
            Grid("dX", "dX = dXW·W<sup>T</sup>", decimals=3),
            Grid("dE", "dE", decimals=3),
        ),
    ),
)
"""A d before a matrix stands for the derivative of the loss by it."""


def blank() -> str:
    """HTML of the sheet for the chapter's sentence and its whole starting numbers, with what is given alone."""
    return f'<div class="worksheet">{_lines(solved=False)}</div>'


def solution(rate: float) -> str:
    """HTML of the same sheet with all numbers, and what comes of a step.

    Args:
        rate: of learning.
    """
    run = train([SENTENCE], read=len(SENTENCE), steps=1, rate=rate)
    loss, p = run.losses[1], run.probabilities[1, 0, 2, numbers([SENTENCE[2]])[0]]
    text = (
        f"Subtract the derivatives, times a learning rate of {rate:g}, from W′, W and E: the loss is then "
        f"{number(loss, decimals=3)}, and the probability of {SENTENCE[2]} after {' '.join(SENTENCE[:2])} is "
        f"{number(p, decimals=3)}."
    )
    return f'<div class="worksheet worksheet-solved">{_lines(solved=True)}<p>{text}</p></div>'


def exponentials(logits: pd.DataFrame) -> pd.DataFrame:
    """e^x for thirds from the least logit to the greatest, in rows of so many columns: x, and e^x below."""
    thirds = np.arange(round(3 * logits.to_numpy().min()), round(3 * logits.to_numpy().max()) + 1) / 3
    rows: dict[str, list[float]] = {}
    for place in range(0, len(thirds), COLUMNS):
        x = np.pad(thirds[place : place + COLUMNS], (0, COLUMNS), constant_values=np.nan)[:COLUMNS]
        rows |= {f"x{' ' * place}": x.tolist(), f"eˣ{' ' * place}": np.exp(x).tolist()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=[" " * column for column in range(COLUMNS)])


def _lines(*, solved: bool) -> str:
    named = there_and_back(Example(), SENTENCE, SENTENCE)
    costs = named["loss"]["−log p"]
    named |= {"costs": pd.DataFrame({"": costs}), "exp": exponentials(named["logits"])}
    return "".join(
        f'<div class="worksheet-line"><p class="worksheet-step"><strong>{escape(line.step)}</strong> '
        f"<span>{escape(line.note)}</span></p>"
        f"{''.join(_grid(grid, named[grid.name], solved or grid.given) for grid in line.grids)}</div>"
        for line in SHEET
    )


def _grid(grid: Grid, matrix: pd.DataFrame, filled: bool) -> str:
    named = any(str(column).strip() for column in matrix.columns)
    head = "".join(f'<th scope="col">{escape(str(column))}</th>' for column in matrix.columns)
    rows = "".join(
        f'<tr><th scope="row">{escape(str(label).strip())}</th>'
        + "".join(
            f"<td{_frame(grid, r, c)}>{_written(grid, float(value)) if filled else ''}</td>"
            for c, value in enumerate(matrix.loc[label])
        )
        + "</tr>"
        for r, label in enumerate(matrix.index)
    )
    return (
        f'<div class="worksheet-grid"><p class="worksheet-name"><span class="code">{grid.formula}</span></p>'
        f'<table class="worksheet-matrix">{f"<thead><tr><td></td>{head}</tr></thead>" if named else ""}'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _frame(grid: Grid, row: int, column: int) -> str:
    """The words that should come next, which stand in the order of the vocabulary."""
    return ' class="worksheet-target"' if grid.name == "p" and row == column else ""


def _written(grid: Grid, value: float) -> str:
    if np.isnan(value):
        return ""
    return entry(value) if grid.decimals is None else number(value, decimals=grid.decimals)
