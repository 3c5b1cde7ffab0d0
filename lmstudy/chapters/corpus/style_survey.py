"""How often people break a style guide: a survey of a corpus by source."""

from collections import Counter

import numpy as np

from lmstudy.data.corpus import Corpus
from lmstudy.preferences.scorers.pep8 import Pep8Scorer


def survey(corpus: Corpus, documents: int, seed: int) -> tuple[dict[str, np.ndarray], list[tuple[str, str, int]]]:
    """PEP 8 style violations in a random sample of documents of all splits.

    Returns:
        For each source an array [documents, 2] of (lines with a violation, lines), and the violations' codes
        with a message and their number, most frequent first.
    """
    scorer = Pep8Scorer("style")
    rng = np.random.default_rng(seed)
    total = sum(len(split) for split in corpus.splits.values())
    counts: dict[str, list[tuple[int, int]]] = {}
    codes: Counter[str] = Counter()
    messages: dict[str, str] = {}
    for split in corpus.splits.values():
        chosen = rng.choice(len(split), min(len(split), round(documents * len(split) / total)), replace=False)
        for row in split.select(np.sort(chosen)):
            found = scorer.violations(row["text"])
            counts.setdefault(row["source"], []).append((len({v.line for v in found}), row["text"].count("\n")))
            codes.update(v.code for v in found)
            messages.update((v.code, v.message.split("(")[0].strip()) for v in found)
    ranked = [(code, messages[code], count) for code, count in codes.most_common()]
    return {source: np.array(pairs, dtype=float) for source, pairs in counts.items()}, ranked
