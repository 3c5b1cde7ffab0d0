"""Sentiment of a text, as people rated it or as its author labelled it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lmstudy.data.corpus import prepare, to_stderr
from lmstudy.data.documents import Progress
from lmstudy.data.settings import parse
from lmstudy.data.source_reviews import Reviews
from lmstudy.errors import StudyError
from lmstudy.evaluation.rating_classes import classes
from lmstudy.preferences.ratings import rated_split
from lmstudy.tasks.base import SPLITS, Example, Examples, Judgement, in_order

Floats = NDArray[np.float64]
BINS = 15
"""Of confidence, for the calibration error."""


class Classification:
    """Common to tasks whose answer is one of some labels."""

    main: ClassVar[str] = "f1"
    name: str
    labels: tuple[str, ...]
    protected: ClassVar[re.Pattern[str] | None] = None
    extractive: ClassVar[bool] = False

    @property
    def data(self) -> dict[str, Any] | None:
        return getattr(self, "texts", None)

    def judge(self, examples: Sequence[Example], answers: Sequence[str]) -> Judgement:
        """Free answers are right if they are the label; those that are no label are a class of their own."""
        known = {label: number for number, label in enumerate(self.labels)}
        told = np.array([known.get(answer.strip(), len(known)) for answer in answers])
        return self.of_labels(examples, told)

    def truth(self, examples: Sequence[Example]) -> NDArray[np.int64]:
        """Number of each example's label.

        Raises:
            StudyError: an empty label, or one that the task does not know.
        """
        known = {label: number for number, label in enumerate(self.labels)}
        for example in examples:
            if example.target not in known:
                raise StudyError(
                    f"task: {example.id} has the label {example.target!r}; this task knows {', '.join(self.labels)}"
                )
        return np.array([known[example.target] for example in examples], dtype=np.int64)

    def of_labels(
        self, examples: Sequence[Example], told: NDArray[np.int64], probabilities: Floats | None = None
    ) -> Judgement:
        """Accuracy, recall and F1 (of each class, and their means), the confusion table and, of `probabilities`
        [examples, labels], the expected calibration error.

        Rows hold `accuracy`, and for each pair of labels `confusion/TRUE/TOLD` [1 if it is this pair, 1].
        """
        from sklearn.metrics import precision_recall_fscore_support

        truth, numbers = self.truth(examples), range(len(self.labels))
        _, recall, f1, _ = precision_recall_fscore_support(truth, told, labels=list(numbers), zero_division=0.0)
        metrics = {
            "accuracy": float((truth == told).mean()),
            "recall": float(recall.mean()),
            "f1": float(f1.mean()),
        }
        for number, label in enumerate(self.labels):
            metrics |= {f"recall/{label}": float(recall[number]), f"f1/{label}": float(f1[number])}
        ones = np.ones(len(examples))
        rows = {"accuracy": np.stack([(truth == told).astype(float), ones], 1)}
        for one in numbers:
            for other in [*numbers, len(self.labels)]:
                here = (truth == one) & (told == other)
                name = self.labels[other] if other in numbers else "no label"
                if other in numbers or here.any():
                    rows[f"confusion/{self.labels[one]}/{name}"] = np.stack([here.astype(float), ones], 1)
        if probabilities is not None:
            metrics["calibration_error"] = calibration_error(probabilities, truth)
        return Judgement(metrics, rows)


def calibration_error(probabilities: Floats, truth: NDArray[np.int64]) -> float:
    """Expected calibration error: mean distance of confidence and accuracy over `BINS` equal bins of confidence."""
    import torch
    from torchmetrics.functional.classification import multiclass_calibration_error

    found = multiclass_calibration_error(
        torch.from_numpy(probabilities).float(), torch.from_numpy(truth), probabilities.shape[1], n_bins=BINS
    )
    return float(found)


class RatedSentiment(Classification):
    """English snippets; the mean of people's ratings makes three classes.

    Args:
        texts: `data` configuration of rated texts.
    """

    labels = ("negative", "neutral", "positive")
    name = "sentiment"

    def __init__(self, texts: dict[str, Any]) -> None:
        self.texts = texts

    def examples(self, cache: Path | None = None, progress: Progress = to_stderr) -> Examples:
        found: Examples = {}
        for split in SPLITS:
            rated = rated_split(self.texts, split, cache, progress)
            labels = [self.labels[number + 1] for number in classes(rated.means)]
            found[split] = [Example(*row) for row in zip(rated.ids, rated.texts, labels, strict=True)]
        return in_order(found)


class LabelledReviews(Classification):
    """Chinese reviews, each with its author's own label.

    Args:
        texts: `data` configuration of reviews in files, one for each label.
    """

    labels = ("negative", "positive")
    name = "sentiment_zh"

    def __init__(self, texts: dict[str, Any]) -> None:
        self.texts = texts

    def examples(self, cache: Path | None = None, progress: Progress = to_stderr) -> Examples:
        source, _ = parse(self.texts)
        if not isinstance(source, Reviews):
            raise StudyError(f"task.texts._target_={self.texts['_target_']}: its texts have no labels")
        corpus = prepare(self.texts, cache, progress)
        found: Examples = {}
        for split in SPLITS:
            rows = corpus.splits.get(split)
            columns = zip(*(rows[key] for key in ("id", "text", "path")), strict=True) if rows is not None else ()
            found[split] = [Example(name, text, source.label(path)) for name, text, path in columns]
        return in_order(found)
