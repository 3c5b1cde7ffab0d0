"""Messages of user interfaces, from English into Chinese."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from lmstudy.data.source_messages import PLACEHOLDER, placeholders
from lmstudy.tasks.base import Example, Judgement, Pairs, means


class Translation(Pairs):
    """A message, from English into Chinese."""

    main: ClassVar[str] = "chrf"
    name = "translation"
    protected: ClassVar[re.Pattern[str] | None] = PLACEHOLDER

    def judge(self, examples: Sequence[Example], answers: Sequence[str]) -> Judgement:
        """BLEU (Chinese tokenisation) and chrF of the corpus by sacrebleu, the share of exact answers, and of
        placeholders kept: those of the source that the answer has, too, as often, over all sources with any.

        Rows hold `chrf` by sentence, `exact`, and `placeholders` [kept, there].
        """
        from sacrebleu.metrics import BLEU, CHRF

        targets = [example.target for example in examples]
        bleu, chrf = BLEU(tokenize="zh"), CHRF()
        kept = [_kept(example.source, answer) for example, answer in zip(examples, answers, strict=True)]
        exact = np.array([answer == target for answer, target in zip(answers, targets, strict=True)], dtype=float)
        there = sum(total for _, total in kept)
        metrics = {
            "bleu": bleu.corpus_score(list(answers), [targets]).score,
            "chrf": chrf.corpus_score(list(answers), [targets]).score,
            "exact": float(exact.mean()),
        }
        if there:
            metrics["placeholders_kept"] = sum(found for found, _ in kept) / there
        by_sentence = [CHRF().sentence_score(a, [t]).score for a, t in zip(answers, targets, strict=True)]
        rows = means({"chrf": np.array(by_sentence), "exact": exact}).rows
        return Judgement(metrics, rows | {"placeholders": np.array(kept, dtype=float)})


def signatures() -> dict[str, str]:
    """How BLEU and chrF were computed, as sacrebleu says it."""
    from sacrebleu.metrics import BLEU, CHRF

    found = {}
    for name, metric in {"BLEU": BLEU(tokenize="zh"), "chrF": CHRF()}.items():
        metric.corpus_score(["一"], [["一"]])
        found[name] = str(metric.get_signature())
    return found


def _kept(source: str, answer: str) -> tuple[int, int]:
    wanted, found = Counter(placeholders(source)), Counter(placeholders(answer))
    return sum((wanted & found).values()), sum(wanted.values())
