"""A rare class: lines of code that break a style rule, and a small classifier that looks for them."""

import ast
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_recall_curve
from sklearn.pipeline import make_pipeline

from lmstudy.data.documents import lines
from lmstudy.errors import StudyError
from lmstudy.preferences.scorers.pep8 import Pep8Scorer
from lmstudy.show.live import live
from lmstudy.show.style import COLOURS, GREY


def is_python(texts: Sequence[str]) -> bool:
    """Whether most of some texts are Python: they parse, and hold a statement that is more than an expression.

    A word of any language parses as an expression, so parsing alone says little.
    """
    return sum(map(_is_program, texts)) > len(texts) / 2


def _is_program(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return any(not isinstance(node, ast.Expr) for node in ast.parse(text).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


@dataclass(frozen=True)
class Lines:
    """Lines of some documents, and whether each breaks a style rule."""

    texts: list[str]
    bad: np.ndarray


def labelled_lines(texts: Sequence[str]) -> Lines:
    """Every line of the documents, with the labels of `Pep8Scorer("style")`."""
    scorer = Pep8Scorer("style")
    found: list[str] = []
    bad: list[bool] = []
    for text in texts:
        numbers = {violation.line for violation in scorer.violations(text)}
        parts = lines(text)
        found.extend(parts)
        bad.extend(number in numbers for number in range(1, len(parts) + 1))
    return Lines(found, np.array(bad, dtype=bool))


@dataclass(frozen=True)
class Detection:
    """A detector of lines that break a rule, at work on documents held out."""

    lines: Lines
    score: np.ndarray
    """P(the line breaks a rule) of each line, as the detector believes."""
    cuts: dict[str, float]
    """Thresholds by name, chosen on lines that it neither learned from nor is judged on."""

    @property
    def answers(self) -> dict[str, np.ndarray]:
        """Which lines are flagged: by two detectors that do not look, and at each threshold."""
        nothing = np.zeros(len(self.score), dtype=bool)
        return {"never": nothing, "always": ~nothing, **{name: self.score >= cut for name, cut in self.cuts.items()}}


def detect(training: Sequence[str], held_out: Sequence[str], documents: int = 1200) -> Detection:
    """Learn from so many documents, choose thresholds on as many others, judge on those held out.

    Fewer where `training` does not hold twice as many.

    Raises:
        StudyError: as `scores` and `thresholds`.
    """
    half = min(documents, len(training) // 2)
    learned, tuned, judged = (labelled_lines(x) for x in (training[:half], training[half : 2 * half], held_out))
    tuning, score = scores(learned, [tuned, judged])
    return Detection(judged, score, {"above 0.5": 0.5, **thresholds(tuned.bad, tuning, 0.9)})


def scores(training: Lines, others: Sequence[Lines]) -> list[np.ndarray]:
    """P(the line breaks a rule), of logistic regression on runs of one to three characters; for each of `others`.

    A run counts as there or not there, so the model sees a blank before the newline and a missing one around an
    operator; how long a line is, and what other lines hold, it cannot see.

    Raises:
        StudyError: lines to learn from that are all of one class.
    """
    if training.bad.all() or not training.bad.any():
        raise StudyError(
            f"{len(training.texts)} lines to learn from are all of one class: take more documents (training_tokens)"
        )
    vectorizer = CountVectorizer(analyzer="char", ngram_range=(1, 3), lowercase=False, binary=True, min_df=3)
    model = make_pipeline(vectorizer, LogisticRegression(C=0.3, solver="liblinear"))
    model.fit(training.texts, training.bad)
    return [model.predict_proba(other.texts)[:, 1] for other in others]


def thresholds(bad: np.ndarray, score: np.ndarray, recall: float) -> dict[str, float]:
    """The threshold of the best F1, and the highest that finds a share `recall` of the bad lines.

    Raises:
        StudyError: no bad line to find.
    """
    if not bad.any():
        raise StudyError(f"none of {len(bad)} lines is bad, and a threshold needs some: take more documents")
    found = curve(bad, score)
    f1 = 2 * found.precision * found.recall / (found.precision + found.recall)
    highest = found.threshold[found.recall >= recall].max()
    return {"best F1": float(found.threshold[f1.idxmax()]), f"recall {recall:g}": float(highest)}


def curve(bad: np.ndarray, score: np.ndarray) -> pd.DataFrame:
    """Precision, recall and accuracy at every threshold that changes an answer, the lowest threshold first."""
    precision, recall, cuts = precision_recall_curve(bad, score)
    table = pd.DataFrame({"threshold": cuts, "precision": precision[:-1], "recall": recall[:-1]})
    table = table[table.recall > 0]  # at recall 0 precision may be 0 / n, and accuracy not follow from the two
    found = table.recall * bad.sum()
    return table.assign(accuracy=1 - (bad.sum() - found + found / table.precision - found) / len(bad))


def verdicts(bad: np.ndarray, answers: dict[str, np.ndarray]) -> pd.DataFrame:
    """What each detector's answers are worth: a row for each, metrics as columns.

    Precision is NaN where a detector flags nothing: 0 of 0 flagged lines are bad. F1 is then 0 by its other
    form, 2 TP / (2 TP + FP + FN), as long as there is a bad line.
    """
    rows = {}
    for name, said in answers.items():
        flagged, found = int(said.sum()), int((said & bad).sum())
        rows[name] = {
            "flagged": flagged,
            "accuracy": (said == bad).mean(),
            "precision": found / flagged if flagged else math.nan,
            "recall": found / bad.sum(),
            "F1": 2 * found / (flagged + bad.sum()),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def balanced(bad: np.ndarray, seed: int) -> np.ndarray:
    """Numbers of all bad lines and of as many others, drawn at random: a test set half of which is bad."""
    others = np.random.default_rng(seed).permutation(np.flatnonzero(~bad))
    return np.sort(np.concatenate([np.flatnonzero(bad), others[: int(bad.sum())]]))


def live_threshold(detection: Detection, steps: int = 150) -> str:
    """HTML: a slider for the threshold, from 0 to 1 by the scores of bad lines (at most so many), and by way of `cuts`.

    Where the threshold passes a bad line recall changes, so each step moves along the curve.
    """
    bad, score = detection.lines.bad, detection.score
    passed = np.unique(score[bad])
    passed = passed[np.unique(np.linspace(0, len(passed) - 1, min(steps, len(passed))).round().astype(int))]
    cuts = sorted({0.0, 1.0, *passed.tolist(), *detection.cuts.values()})
    rows = [[round(cut, 6), int((score >= cut).sum()), int((bad & (score >= cut)).sum())] for cut in cuts]
    named = {name: cuts.index(cut) for name, cut in detection.cuts.items()}
    counts = {"lines": len(bad), "bad": int(bad.sum())}
    return live("threshold", data={"cuts": rows, **counts, "named": named, "start": next(iter(named.values()))})


def detector_figure(curve: pd.DataFrame, verdicts: pd.DataFrame, share_bad: float) -> Figure:
    """Precision against recall with lines of equal F1; accuracy and F1 against recall.

    `curve` is what the function of this name gives; of `verdicts`, those are marked that flag some lines and not all.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.9))
    small = {"color": GREY, "fontsize": 8.5}
    grid = np.linspace(0.01, 1, 200)
    for f1 in (0.2, 0.4, 0.6, 0.8):
        recall = grid[grid > f1 / (2 - f1)]
        left.plot(recall, f1 * recall / (2 * recall - f1), color=GREY, linewidth=0.7, linestyle=":")
        left.text(f1, f1, f"F1 = {f1:g}", backgroundcolor="white", **small)  # where precision and recall equal F1
    left.axhline(share_bad, color=GREY, linestyle="--", linewidth=1)
    left.text(0.02, share_bad, "precision of “always”", va="bottom", **small)
    left.plot(curve.recall, curve.precision, color=COLOURS[0], linewidth=1.8)
    left.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="recall", ylabel="precision", title="Every threshold at once")
    f1_along = 2 * curve.precision * curve.recall / (curve.precision + curve.recall)
    middle = int(np.argmin(np.abs(curve.recall.to_numpy() - 0.5)))
    for name, values, colour, up in (("accuracy", curve.accuracy, COLOURS[0], -14), ("F1", f1_along, COLOURS[1], 10)):
        right.plot(curve.recall, values, color=colour, linewidth=1.8)
        at = (curve.recall.iloc[middle], values.iloc[middle])
        right.annotate(name, at, (0, up), textcoords="offset points", color=colour, ha="center")
    right.axhline(1 - share_bad, color=GREY, linestyle="--", linewidth=1)
    right.text(1.0, 1 - share_bad, "accuracy of “never” ", ha="right", va="bottom", **small)
    right.set(xlim=(0, 1), ylim=(0, 1.05), xlabel="recall", title="Accuracy and F1 at each recall")
    marked = verdicts[(verdicts.flagged > 0) & (verdicts.precision > 1.001 * share_bad)]
    for marker, (name, row) in zip("sD^v", marked.iterrows(), strict=False):
        at = (row.recall, row.precision)
        left.plot(*at, marker, color=COLOURS[1], markersize=6, clip_on=False, zorder=3)
        place, side = ((0, 18), "center") if row.recall > 0.7 else ((6, 6), "left")
        left.annotate(str(name), at, place, textcoords="offset points", ha=side, fontsize=8.5, color=COLOURS[1])
    return figure
