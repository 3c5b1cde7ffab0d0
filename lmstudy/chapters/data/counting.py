"""Methods that count words, for which stop words were invented: with and without them, and what duplicates do there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lmstudy.data.documents import Document
from lmstudy.errors import StudyError
from lmstudy.evaluation.f1 import macro_f1_difference
from lmstudy.evaluation.statistics import Estimate, paired_difference, wilson
from lmstudy.show.numbers import written

Words = Sequence[str]

LOGISTIC = "logistic regression on TF-IDF"
WITHOUT = "no stop words"
CHANGE = "change of accuracy, points"
CHANGES = (CHANGE, "change of macro F1, points")
DECIMALS = {"accuracy": 3, "macro recall": 3, "macro F1": 3} | dict.fromkeys(CHANGES, 1)
"""Of the columns of `with_and_without`."""
FOLDS = 3
GROUPS = 500
"""Units are resampled in so many groups at most: each unit is in one, whatever its texts are."""


@dataclass(frozen=True)
class Labelled:
    """Texts as lists of words, a label each, and the unit (file or text) that must not be cut apart."""

    words: list[list[str]]
    labels: np.ndarray
    units: np.ndarray


def labelled(
    texts: Sequence[str], labels: Sequence[str], units: Sequence[str], cut: Callable[[str], Words]
) -> Labelled:
    """Texts cut into words, lower-case; only what begins with a letter or digit is a word."""
    found = [[word.casefold() for word in cut(text) if re.match(r"\w", word)] for text in texts]
    return Labelled(found, np.array(labels), np.unique(np.array(units), return_inverse=True)[1])


def methods() -> dict[str, tuple[Callable[..., Any], Callable[[], Any]]]:
    """What counts, and what learns from the counts, by how much they can weigh a word.

    The first takes each word as often as it occurs; the second weighs what tells the labels apart, one word at a
    time; the third weighs rare words up, and learns a weight for each.
    """
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.neighbors import NearestCentroid
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import Normalizer

    return {
        "nearest mean of counts": (CountVectorizer, lambda: make_pipeline(Normalizer(), NearestCentroid())),
        "naive Bayes on counts": (CountVectorizer, MultinomialNB),
        LOGISTIC: (TfidfVectorizer, lambda: LogisticRegression(C=10, max_iter=300)),
    }


def predictions(data: Labelled, stops: frozenset[str], vectorizer: Callable[..., Any], model: Callable[[], Any]) -> Any:
    """[texts] what a method says of each text when it has learned from the other folds."""
    from sklearn.model_selection import GroupKFold
    from sklearn.pipeline import make_pipeline

    words = [[word for word in text if word not in stops] for text in data.words]
    said = np.empty_like(data.labels)
    for learn, ask in GroupKFold(FOLDS).split(words, data.labels, data.units):
        line = make_pipeline(vectorizer(analyzer=list, min_df=2), model())
        line.fit([words[i] for i in learn], data.labels[learn])
        said[ask] = line.predict([words[i] for i in ask])
    return said


def with_and_without(data: Labelled, language: str) -> pd.DataFrame:
    """Accuracy, macro recall and macro F1 of each method with the stop words and without them.

    Changes are without minus with, in percentage points, paired.
    """
    import stopwordsiso

    stops = frozenset(word.casefold() for word in stopwordsiso.stopwords(language))
    rows = {}
    for name, (vectorizer, model) in methods().items():
        kept, left_out = (predictions(data, s, vectorizer, model) for s in (frozenset[str](), stops))
        rows[f"{name}, all words"] = scores(data.labels, kept)
        rows[f"{name}, {WITHOUT}"] = {**scores(data.labels, left_out), **changes(data, kept, left_out)}
    return pd.DataFrame.from_dict(rows, orient="index", dtype=object)


def in_words(tasks: Mapping[str, pd.DataFrame]) -> str:
    """For each method what leaving the stop words out does to its accuracy on each task."""
    lines = []
    for method in methods():
        brings = {task: table.loc[f"{method}, {WITHOUT}", CHANGE] for task, table in tasks.items()}
        said = ", ".join(f"{written(e, True, decimals=1)} on {task}" for task, e in brings.items())
        lines.append(f"- {method}: {said}")
    return "Change of accuracy without stop words, in percentage points, with 95 % intervals:\n\n" + "\n".join(lines)


def scores(labels: np.ndarray, said: np.ndarray) -> dict[str, float | Estimate]:
    """What a method's answers are worth, by how scikit-learn counts."""
    from sklearn.metrics import accuracy_score, f1_score, recall_score

    return {
        "accuracy": float(accuracy_score(labels, said)),
        "macro recall": float(recall_score(labels, said, average="macro", zero_division=0)),
        "macro F1": float(f1_score(labels, said, average="macro", zero_division=0)),
    }


def changes(data: Labelled, before: np.ndarray, after: np.ndarray) -> dict[str, Estimate]:
    """Accuracy and macro F1 of `after` minus those of `before`, in percentage points, paired over groups of units."""
    names, groups = np.unique(data.labels), data.units % GROUPS
    tables = np.zeros((2, 1, groups.max() + 1, len(names), len(names)))  # of one "seed" each
    for table, said in zip(tables, (before, after), strict=True):
        np.add.at(table[0], (groups, np.searchsorted(names, data.labels), np.searchsorted(names, said)), 1)
    right = np.stack([np.trace(tables, axis1=-2, axis2=-1), tables.sum((-2, -1))], -1)
    found = (paired_difference(right[1], right[0]), macro_f1_difference(tables[1], tables[0]))
    return {name: e.times(100) for name, e in zip(CHANGES, found, strict=True)}


@dataclass(frozen=True)
class Leak:
    """A test that was drawn from texts among which duplicates were left."""

    copies: Estimate
    """Share of the test that is in the training part, word for word."""
    everything: Estimate
    """Accuracy on the test as it is."""
    seen: Estimate
    """... on texts that are in the training part."""
    new: Estimate
    """... on texts that are not."""


def leak(documents: Sequence[Document], label: Callable[[str], str], cut: Callable[[str], Words], seed: int) -> Leak:
    """Logistic regression on a fifth of all texts, drawn at random, when it has learned from the others.

    Raises:
        StudyError: the test holds only copies, or none: there is nothing to compare.
    """
    vectorizer, model = methods()[LOGISTIC]
    texts = [" ".join(document.text.split()) for document in documents]
    order = np.random.default_rng(seed).permutation(len(texts))
    ask, learn = order[: len(texts) // 5], order[len(texts) // 5 :]
    labels = np.array([label(document.path) for document in documents])
    counts = vectorizer(analyzer=cut, min_df=2)
    fitted = model().fit(counts.fit_transform([texts[i] for i in learn]), labels[learn])
    right = fitted.predict(counts.transform([texts[i] for i in ask])) == labels[ask]
    known = {texts[i] for i in learn}
    seen = np.array([texts[i] in known for i in ask])
    if seen.all() or not seen.any():
        raise StudyError(f"of {len(ask)} texts in the test {seen.sum()} are in the training part: nothing to compare")
    return Leak(*(wilson(float(of.sum()), len(of)) for of in (seen, right, right[seen], right[~seen])))
