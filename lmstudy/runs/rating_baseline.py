"""What reward models are held against, as a record: how far people agree, a lexicon, and ridge regression."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lmstudy.config import BaselineConfig, check
from lmstudy.data.corpus import prepare
from lmstudy.evaluation.pair_agreement import Floats, accuracy_counts, ceiling_counts, halves_counts, pair_accuracy
from lmstudy.evaluation.rating_baselines import tfidf_ridge, vader
from lmstudy.preferences.ratings import Ratings
from lmstudy.runs.lifecycle import baseline, measured
from lmstudy.runs.records import Findings, Record
from lmstudy.runs.reward_examples import Rated, by_pairs, learned_from, means, rated_texts

SPLIT = "test"
"""On which models, people and baselines are compared."""
SHARES = (0.03, 0.1, 0.3)
"""Of the texts, from which ridge regression learns as well as from all."""
SEEDS = (1, 2, 3)
"""That draw these shares, as they draw those of a reward model."""


def content(config: Mapping[str, Any]) -> dict[str, Any]:
    """What a record keeps of a resolved configuration."""
    return {"baseline": {"name": "ratings", "split": SPLIT}, "data": check(BaselineConfig, config).data}


def rating_baselines(config: Mapping[str, Any]) -> Record:
    """Measure people, lexicon and ridge regression on the texts held out, unless the record exists; return it.

    Groups are pairs (right, comparable) of each text of each domain, as in the records of reward models. Curves
    are the accuracy of ridge regression in the first domain by the number of ratings it learned from. Samples are
    [name, rating by ridge regression, rating by the lexicon] of the texts of the first domain.

    Raises:
        StudyError: the configuration or the data is at fault, or the lexicon is not installed.
    """
    typed = check(BaselineConfig, config)
    corpus = prepare(typed.data)
    rated = rated_texts(corpus, typed.data)
    work = baseline("rating_baseline", "ratings", content(config), corpus.fingerprint, typed)
    return measured(work, lambda: _measure(rated))


def _measure(rated: Rated) -> Findings:
    ridge = _ridge(rated, rated.splits["train"])
    found = Findings(curves={f"ridge/s{seed}": _learning_curve(rated, seed) for seed in SEEDS})
    for domain in dict.fromkeys(rated.splits[SPLIT].domains):
        texts = rated.splits[SPLIT].of_domain(domain)
        by_ridge, by_lexicon = ridge(texts.texts), vader(texts.texts)
        counts = {
            "ceiling": ceiling_counts(texts)[0],
            "ridge": accuracy_counts(by_ridge, texts)[0],
            "vader": accuracy_counts(by_lexicon, texts)[0],
        }
        for name, of in (*counts.items(), ("halves", halves_counts(texts)[0])):
            found.metrics[f"{SPLIT}/{domain}/{name}"] = float(of[:, 0].sum() / of[:, 1].sum())
        found.groups.update({f"{SPLIT}/{domain}/{name}": by_pairs(of) for name, of in counts.items()})
        if not found.samples:
            names = [one.rpartition("::")[2] for one in texts.ids]
            found.samples.extend(list(row) for row in zip(names, _short(by_ridge), _short(by_lexicon), strict=True))
    return found


def _ridge(rated: Rated, texts: Ratings) -> Callable[[Sequence[str]], Floats]:
    print(f"ratings: ridge regression on {len(texts):,} texts", file=sys.stderr)
    return tfidf_ridge(texts.texts, means(rated.levels, texts))


def _learning_curve(rated: Rated, seed: int) -> Any:
    held_out = rated.splits[SPLIT].of_domain(rated.splits[SPLIT].domains[0])
    taken = [learned_from(rated, "all", share, None, seed) for share in SHARES]
    found = [pair_accuracy(_ridge(rated, texts)(held_out.texts), held_out).value for texts in taken]
    return {"step": [int(texts.counts.sum()) for texts in taken], "value": found}


def _short(values: Floats) -> list[float]:
    return np.round(values, 3).tolist()
