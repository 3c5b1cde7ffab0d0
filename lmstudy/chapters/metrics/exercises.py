"""The numbers in the answers of the chapter's exercises, as its page shows them."""

import math
from fractions import Fraction

import numpy as np
import pandas as pd

from lmstudy.chapters.metrics.calibration import overconfident, underconfident
from lmstudy.chapters.metrics.next_token import Predictions
from lmstudy.chapters.metrics.style_detector import verdicts
from lmstudy.show.numbers import number, percent

NONE = "–"
"""Where a corpus has no lines to judge."""
CONFUSION = np.array([[14, 0, 0], [2, 1, 1], [1, 1, 0]])
"""Of the exercise: true classes in rows, predicted ones in columns."""


def counts(bad: np.ndarray | None, said: np.ndarray | None) -> dict[str, str]:
    """How many lines a detector judges rightly and wrongly, with its metrics; without lines, a dash for each.

    Args:
        bad: which lines break a rule.
        said: which lines are flagged.
    """
    if bad is None or said is None:
        names = ("lines", "bad", "flagged", "TP", "FP", "FN", "TN", "precision", "recall", "F1", "accuracy", "never")
        return {f"det_{name}": NONE for name in (*names, "bad_share", "always")}
    tp, fp, fn = int((bad & said).sum()), int((said & ~bad).sum()), int((bad & ~said).sum())
    n = len(bad)
    whole = {"lines": n, "bad": tp + fn, "flagged": tp + fp, "TP": tp, "FP": fp, "FN": fn, "TN": n - tp - fp - fn}
    table = verdicts(bad, {"detector": said, "never": np.zeros_like(bad), "always": np.ones_like(bad)})
    ratios = table.loc["detector", ["precision", "recall", "F1", "accuracy"]].to_dict()
    ratios |= {"never": table.accuracy["never"], "bad_share": bad.mean(), "always": table.F1["always"]}
    told = {name: number(x) for name, x in whole.items()} | {name: number(x, decimals=3) for name, x in ratios.items()}
    return {f"det_{name}": x for name, x in told.items()}


def near_one(model: Predictions, share: float = 0.999999) -> dict[str, str]:
    """Perplexities of the underconfident and the overconfident mixture close to λ = 1, and outcomes to choose from."""
    return {
        "outcomes": number(model.outcomes),
        "under_near_one": number(underconfident(model, share).perplexity, decimals=0),
        "over_near_one": number(overconfident(model, share).perplexity, decimals=0),
        "over_near_one_wrong": percent(1 - float(model.right.mean())),
    }


def units(table: pd.DataFrame) -> dict[str, str]:
    """From bits a token to bits and perplexity of a line; `table` as of `perplexity_units.perplexities`."""
    tokens, lines = table.loc["token", "units"], table.loc["line", "units"]
    bits = round(table.loc["token", "bits a unit"], 2)
    a_line = bits * tokens / lines
    return {
        "bits_a_token": number(bits, decimals=2),
        "tokens": number(int(tokens)),
        "lines": number(int(lines)),
        "bits_a_line": number(a_line, decimals=1),
        "line_perplexity_digits": str(math.floor(a_line * math.log10(2)) + 1),
    }


def scripts(english: tuple[int, int], chinese: tuple[int, int], bytes_each: tuple[int, int] = (1, 3)) -> dict[str, str]:
    """Bits and bits per byte of a text in two scripts, of its characters and the bits that each costs."""
    found: dict[str, str] = {}
    for name, (characters, bits), size in zip(("english", "chinese"), (english, chinese), bytes_each, strict=True):
        found |= {f"{name}_bits": number(characters * bits), f"{name}_a_byte": f"{bits / size:g}"}
    return found


def confusion(table: np.ndarray = CONFUSION) -> dict[str, str]:
    """Accuracy, and recall and precision with their means, of a confusion matrix, as fractions and decimals."""
    right, true, said = table.diagonal(), table.sum(1), table.sum(0)
    recall, precision = right / true, right / said
    return {
        "confusion_accuracy": number(right.sum() / table.sum(), decimals=2),
        "confusion_right": f"{right.sum()}/{table.sum()}",
        "confusion_recalls": ", ".join(str(Fraction(int(a), int(b))) for a, b in zip(right, true, strict=True)),
        "confusion_recall": number(recall.mean(), decimals=2),
        "confusion_precisions": ", ".join(str(Fraction(int(a), int(b))) for a, b in zip(right, said, strict=True)),
        "confusion_precision": number(precision.mean(), decimals=2),
        "confusion_wrong": str(int(table.sum() - right.sum())),
    }
