"""Messages of user interfaces, from English into Chinese."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from lmstudy.data.corpus import to_stderr
from lmstudy.data.documents import Progress
from lmstudy.data.source_messages import placeholders
from lmstudy.tasks.base import Example, Examples, Judgement, pairs_of


class Translation:
    """From the first segment of a pair to the second.

    Args:
        pairs: `data` configuration of pairs.
    """

    main: ClassVar[str] = "chrf"
    name = "translation"
    labels: tuple[str, ...] = ()

    def __init__(self, pairs: dict[str, Any]) -> None:
        self.pairs = pairs

    def examples(self, cache: Path | None = None, progress: Progress = to_stderr) -> Examples:
        return pairs_of(self.pairs, cache, progress)

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
        ones = np.ones(len(examples))
        rows = {
            "chrf": np.stack([np.array(by_sentence), ones], 1),
            "exact": np.stack([exact, ones], 1),
            "placeholders": np.array(kept, dtype=float),
        }
        return Judgement(metrics, rows)


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
