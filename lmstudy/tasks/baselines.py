"""What a practitioner would try first: rules without training, and scikit-learn on words and characters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmstudy.data.source_messages import PLACEHOLDER
from lmstudy.errors import StudyError
from lmstudy.tasks.base import Answered, Example, Task
from lmstudy.tasks.classification import Classification

Answer = Callable[[Sequence[Example], Sequence[Example]], list[str]]
"""Training examples and questions, to an answer for each question."""


def majority(train: Sequence[Example], asked: Sequence[Example]) -> list[str]:
    """The target that is most frequent in training, the first in the alphabet of several, for all."""
    counts = Counter(example.target for example in train)
    most = min(counts, key=lambda target: (-counts[target], target))
    return [most] * len(asked)


def copied(train: Sequence[Example], asked: Sequence[Example]) -> list[str]:
    """The source itself."""
    return [example.source for example in asked]


def lead(train: Sequence[Example], asked: Sequence[Example]) -> list[str]:
    """The first sentence of the source (Nenkova 2005: hard to beat for news)."""
    return [_first_sentence(example.source) for example in asked]


def lead_behind_question(train: Sequence[Example], asked: Sequence[Example]) -> list[str]:
    """The first sentence behind the question that a source begins with: what a docstring says of its function."""
    return [_first_sentence(example.source.partition("\n")[2]) for example in asked]


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[.!?])\s", " ".join(text.split()), maxsplit=1)[0]


def nearest(train: Sequence[Example], asked: Sequence[Example]) -> list[str]:
    """The target of the training source that is most alike: cosine of TF-IDF over runs of 2 to 4 characters."""
    return [train[i].target for i in most_alike([e.source for e in train], [e.source for e in asked])]


def translation_memory(train: Sequence[Example], asked: Sequence[Example]) -> list[str]:
    """`nearest`, its placeholders replaced in order by those of the question, where there are as many."""
    found = []
    for question, i in zip(asked, most_alike([e.source for e in train], [e.source for e in asked]), strict=True):
        known = train[i]
        own, other = PLACEHOLDER.findall(question.source), PLACEHOLDER.findall(known.source)
        swapped = dict(zip(other, own, strict=False)) if len(own) == len(other) else {}
        found.append(_swapped(known.target, swapped))
    return found


def _swapped(text: str, swapped: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda match: swapped.get(match[0], match[0]), text)


def described(train: Sequence[Example], asked: Sequence[Example]) -> list[str]:
    """Of a question `What is x?` the text behind the first line that begins with x, `:param x` or `@param x`."""
    return [_behind(example.source) for example in asked]


def _behind(source: str) -> str:
    question, _, docstring = source.partition("\n")
    name = re.escape(question.removeprefix("What is ").removesuffix("?"))
    lines = docstring.splitlines()
    begins = re.compile(
        rf"\s*(?:[:@]param(?:\s+\w+)?\s+)?[*`]*{name}[*`]*(?:\s*\([^)]*\))?(?P<typed>\s+)?(?::|$)(?P<rest>.*)"
    )
    for number, line in enumerate(lines):
        if not (match := begins.match(line)):
            continue
        indent = len(line) - len(line.lstrip())
        block = [match["rest"].strip()]
        for following in lines[number + 1 :]:
            if not following.strip() or len(following) - len(following.lstrip()) <= indent:
                break
            block.append(following.strip())
        if match["typed"]:
            block = block[1:]  # numpydoc: "x : type", and what it is in the lines below
        return " ".join(part for part in block if part)
    return ""


def most_alike(known: Sequence[str], asked: Sequence[str], at_once: int = 256) -> NDArray[np.int64]:
    """[asked]: the number of the known text that is most alike; of equals the first."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
    table = vectorizer.fit_transform(known)
    wanted = vectorizer.transform(asked)
    found = [
        np.asarray((wanted[start : start + at_once] @ table.T).todense()).argmax(1)
        for start in range(0, len(asked), at_once)
    ]
    return np.concatenate(found)


STRENGTHS = tuple(4.0**power for power in range(-1, 5))
"""C of logistic regression, of which validation examples choose."""
WEIGHTS = (None, "balanced")
"""Of classes, likewise."""


@dataclass(frozen=True)
class Linear:
    """What logistic regression makes of texts, and the settings that did best on validation examples."""

    probabilities: NDArray[np.float64]
    """[asked, labels]"""
    strength: float
    weights: str | None


def logistic(
    task: Classification, train: Sequence[Example], asked: Sequence[Example], valid: Sequence[Example]
) -> Linear:
    """Logistic regression on TF-IDF of words, pairs of words and characters; of `STRENGTHS` and `WEIGHTS` it has those
    with the highest macro F1 on `valid`, the first of several.

    Raises:
        StudyError: no two labels to learn from, or no example to choose by.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_union

    labels = [example.target for example in train]
    if len(set(labels)) < 2 or not valid:
        raise StudyError(
            f"task {task.name}: {LOGISTIC} needs examples of two labels and some to validate on; there are "
            f"{len(train):,} of {len(set(labels))} and {len(valid):,}: raise examples or valid_examples"
        )
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    characters = TfidfVectorizer(ngram_range=(1, 5), analyzer="char_wb", sublinear_tf=True, min_df=2)
    features = make_union(words, characters)
    learned = features.fit_transform([example.source for example in train])
    validated, wanted = (features.transform([example.source for example in own]) for own in (valid, asked))
    models = [
        LogisticRegression(C=strength, class_weight=weights, max_iter=2000).fit(learned, labels)
        for weights in WEIGHTS
        for strength in STRENGTHS
    ]
    model = max(models, key=lambda one: task.judge(valid, one.predict(validated).tolist()).metrics["f1"])
    found = np.zeros((len(asked), len(task.labels)))
    found[:, [task.labels.index(label) for label in model.classes_]] = model.predict_proba(wanted)
    return Linear(found, model.C, model.class_weight)


BY_TASK: dict[str, dict[str, Answer]] = {
    "sentiment": {"majority": majority, "nearest": nearest},
    "sentiment_zh": {"majority": majority, "nearest": nearest},
    "translation": {"copy": copied, "nearest": nearest, "translation memory": translation_memory},
    "question_answering": {"lead": lead_behind_question, "nearest": nearest, "rule": described},
    "summarisation": {"lead": lead, "copy": copied, "nearest": nearest},
    "generation": {"majority": majority, "nearest": nearest},
}
"""By the name of a task, those that answer it without a network."""
LOGISTIC = "TF-IDF, logistic regression"


def judged(
    task: Task, train: Sequence[Example], asked: Sequence[Example], valid: Sequence[Example] = ()
) -> dict[str, Answered]:
    """Each baseline's answers to the questions, judged; for a task of one's own `nearest` and `majority`.

    Logistic regression chooses its settings on `valid`; its metrics `strength` and `balanced` tell which.
    """
    known = BY_TASK.get(task.name, {"majority": majority, "nearest": nearest})
    found = {}
    for name, answer in known.items():
        answers = answer(train, asked)
        found[name] = Answered(answers, task.judge(asked, answers))
    if isinstance(task, Classification):
        linear = logistic(task, train, asked, valid)
        told = linear.probabilities.argmax(1)
        judgement = task.of_labels(asked, told, linear.probabilities)
        judgement.metrics |= {"strength": linear.strength, "balanced": float(linear.weights == "balanced")}
        found[LOGISTIC] = Answered([task.labels[i] for i in told], judgement)
    return found
