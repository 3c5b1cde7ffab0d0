"""Tasks on docstrings: answer a question for a parameter, sum up a description, write a function's body."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from lmstudy.config import build
from lmstudy.data.documents import lines
from lmstudy.data.python_functions import parse_python
from lmstudy.evaluation.misalignment import misalignment
from lmstudy.preferences.scorers.base import Scorer
from lmstudy.tasks.base import Example, Judgement, Pairs, means


class QuestionAnswering(Pairs):
    """What is this parameter of this function? The answer stands in the docstring."""

    main: ClassVar[str] = "f1"
    name = "question_answering"
    extractive: ClassVar[bool] = True

    def judge(self, examples: Sequence[Example], answers: Sequence[str]) -> Judgement:
        """Exact match and F1 of words as in SQuAD (Rajpurkar et al. 2016), by torchmetrics, in per cent; and how
        many answers are `extractive`, standing in the source word for word, as a share."""
        from torchmetrics.functional.text import squad

        rows = []
        for example, answer in zip(examples, answers, strict=True):
            told: Any = {"prediction_text": answer, "id": example.id}
            known: Any = {"answers": {"answer_start": [0], "text": [example.target]}, "id": example.id}
            found = squad([told], [known])
            rows.append((float(found["exact_match"]), float(found["f1"]), float(_stands_in(answer, example.source))))
        exact, f1, extractive = np.array(rows).T
        return means({"exact": exact, "f1": f1, "extractive": extractive})


def _stands_in(answer: str, source: str) -> bool:
    return bool(answer.split()) and " ".join(answer.split()) in " ".join(source.split())


class Summarisation(Pairs):
    """One line for a long description."""

    main: ClassVar[str] = "rouge_l"
    name = "summarisation"

    def judge(self, examples: Sequence[Example], answers: Sequence[str]) -> Judgement:
        """ROUGE-1, -2 and -L (F measure of words, Lin 2004) by torchmetrics, and the share of answers that are
        `faithful`: every identifier that they name occurs in the source."""
        from torchmetrics.functional.text import rouge_score

        rows = []
        for example, answer in zip(examples, answers, strict=True):
            found = rouge_score(answer, example.target, rouge_keys=("rouge1", "rouge2", "rougeL"))
            values = [float(found[f"{key}_fmeasure"]) for key in ("rouge1", "rouge2", "rougeL")]
            rows.append((*values, float(not invented(example.source, answer))))
        one, two, longest, faithful = np.array(rows).T
        return means({"rouge_1": one, "rouge_2": two, "rouge_l": longest, "faithful": faithful})


IDENTIFIER = re.compile(
    r"\b[A-Za-z]+(?:_\w+)+|\b[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+|\b[A-Z]?[a-z]+(?:[A-Z][a-z0-9]*)+\b|\w+(?=\(\))"
)
"""Names as code has them: with an underscore, a dot, a capital inside, or brackets behind."""


def invented(source: str, answer: str) -> list[str]:
    """Identifiers of an answer that do not occur in its source."""
    return [name for name in IDENTIFIER.findall(answer) if name not in source]


class Generation(Pairs):
    """A function's body from its signature and docstring.

    Args:
        pairs: `data` configuration of pairs.
        style: the scorer of style, whose violations are counted in what was written.
        privacy: that of personal data.
    """

    main: ClassVar[str] = "chrf"
    name = "generation"

    def __init__(self, pairs: dict[str, Any], style: dict[str, Any], privacy: dict[str, Any]) -> None:
        super().__init__(pairs)
        self.scorers: dict[str, Scorer] = {
            "style": build(style, "task.style"),
            "privacy": build(privacy, "task.privacy"),
        }

    def judge(self, examples: Sequence[Example], answers: Sequence[str]) -> Judgement:
        """chrF of a body by sacrebleu, the share of functions that `parses`, that is written word for word as people
        did (`exact`), and violations of style and items of personal data per character of what was written.

        Rows hold chrf, parses, exact, and for each scorer [score, size] of each function.
        """
        from sacrebleu.metrics import CHRF

        chrf = np.array([CHRF().sentence_score(a, [e.target]).score for e, a in zip(examples, answers, strict=True)])
        parses = np.array([_parses(e.source + a) for e, a in zip(examples, answers, strict=True)], dtype=float)
        exact = np.array([a.strip() == e.target.strip() for e, a in zip(examples, answers, strict=True)], dtype=float)
        found = means({"chrf": chrf, "parses": parses, "exact": exact})
        given = [len(lines(example.source)) for example in examples]
        texts = [lines(example.source + answer) for example, answer in zip(examples, answers, strict=True)]
        for name, scorer in self.scorers.items():
            scored = misalignment(scorer, texts, given)
            found.metrics[name] = scored.mean
            table = np.zeros((len(examples), 2))
            table[scored.scored] = scored.totals
            found.rows[name] = table
        return found


def _parses(text: str) -> bool:
    try:
        body = parse_python(text).body
    except SyntaxError:
        return False
    return len(body) == 1 and isinstance(body[0], ast.FunctionDef | ast.AsyncFunctionDef)
