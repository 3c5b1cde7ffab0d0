"""Whether gradients tell which training documents taught a model a planted line, checked by leaving them out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import pandas as pd

from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate, seed_interval
from lmstudy.runs.records import Record
from lmstudy.study.estimates import common_seeds, mean, sums
from lmstudy.study.preferences import PLANTED, overrides_of
from lmstudy.study.shelf import NoRecordsError, Shelf

SEEDS = (41, 42, 43)
READER, LEFT_OUT = "MLE", "filtering"
"""The objective that learns from all documents, and the one that never reads a document with a planted line."""

SCORES = {
    "gradient": "gradients, trained",
    "untrained": "gradients, untrained",
    "text": "characters in common",
}
"""What documents are ranked by, as the record and the book name it."""
CASES = {
    "read": "the documents that training read",
    "cut": "the same without the line",
    "never": "documents that got a line afterwards",
}
"""What is looked for."""
LEARNED = 16
"""Documents that hold the line of a person whom such a run knows."""
PREDICTORS = {
    "repeats": "the number of documents",
    "influence": "product of gradients, times documents",
    "cosine": "cosine of gradients",
}
"""What may tell how much is lost when a person's documents are left out."""


def _measured(shelf: Shelf, name: str, *overrides: str) -> list[Record]:
    """Measurements of an objective's runs; a NoRecordsError unless there is one for each of `SEEDS`."""
    runs = shelf.trained(*PLANTED, *overrides_of(name), seeds=SEEDS)
    found = shelf.measured(runs, *overrides, "split=test")
    if len(found) < len(runs):
        raise NoRecordsError(f"of {' '.join(overrides)} of {name!r} for all of seeds {SEEDS}")
    return found


def attributed(shelf: Shelf) -> list[Record]:
    """Attribution in the runs that learned from all documents."""
    return _measured(shelf, READER, "measure=attribution")


def key(score: str, case: str, repeats: int = LEARNED) -> str:
    """Of a record's groups; the arguments are of `SCORES` and `CASES`."""
    return f"attribution/{score}/{case}/{repeats}"


def pairs_won(records: Sequence[Record], score: str, case: str, repeats: int = LEARNED) -> Estimate:
    """Per cent of pairs in which a document of the person ranks above one of another person: 100 times the area under
    the ROC curve, over seeds and persons."""
    return mean(records, key(score, case, repeats)).times(100).clipped(0.0, 100.0)


def rankings(records: Sequence[Record], repeats: int = LEARNED) -> dict[str, dict[str, Estimate]]:
    """`pairs_won` by score and by case, as the book names them."""
    return {
        words: {of: pairs_won(records, score, case, repeats) for case, of in CASES.items()}
        for score, words in SCORES.items()
    }


def more_won(records: Sequence[Record], first: tuple[str, str], second: tuple[str, str]) -> Estimate:
    """By how many per cent of the pairs one (score, case) is better than another, over seeds."""
    shares = [sums(records, key(*each)).sum(1) for each in (first, second)]
    one, other = (share[:, 0] / share[:, 1] for share in shares)
    return seed_interval(100 * (one - other))


def left_out(gradients: Record, reader: Record, without: Record) -> pd.DataFrame:
    """What is lost when all planted documents are left out, beside what gradients say: a row a person.

    Columns: `repeats`; `influence` and `cosine` as the first record keeps them; `lost`, the bits of exposure that
    a run without the planted documents lacks. The persons of all three stand in the same order.

    Args:
        gradients: of `measure=attribution` of a run that read the planted documents.
        reader: of `measure=exposure` of the same run.
        without: of `measure=exposure` of a run that did not read them.

    Raises:
        StudyError: the records are not of the same persons.
    """
    table = pd.DataFrame(gradients.samples)
    lost: list[float] = []
    for repeats in sorted(set(table["repeats"])):
        one, other = (sums([record], f"exposure/{repeats}")[0, :, 0] for record in (reader, without))
        own = int((table["repeats"] == repeats).sum())
        if not own == len(one) == len(other):
            raise StudyError(
                f"{gradients.name} has {own} persons in {repeats} documents, {reader.name} {len(one)} and "
                f"{without.name} {len(other)}: they must be the same persons"
            )
        lost += (one - other).tolist()
    return table.sort_values("repeats", kind="stable", ignore_index=True).assign(lost=lost)


def by_seed(shelf: Shelf) -> list[pd.DataFrame]:
    """`left_out` of each seed."""
    control = ("measure=exposure", "measure.control=none")
    arms = attributed(shelf), _measured(shelf, READER, *control), _measured(shelf, LEFT_OUT, *control)
    return [left_out(*own) for own in zip(*common_seeds(*arms), strict=True)]


def lost(tables: Sequence[pd.DataFrame]) -> dict[str, Estimate]:
    """Bits of exposure lost by leaving the planted documents out, by how many a person stood in, over seeds."""
    return {
        f"{repeats} document{'s' * (repeats > 1)} left out": seed_interval(
            [float(table.loc[table["repeats"] == repeats, "lost"].mean()) for table in tables]
        )
        for repeats in sorted(set(tables[0]["repeats"]))
    }


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Spearman's: that of the ranks, where equal values share the mean of theirs."""
    return float(pd.Series(first).corr(pd.Series(second), method="spearman"))


def agreement(tables: Sequence[pd.DataFrame], by: str, repeats: int | None = LEARNED) -> Estimate:
    """Rank correlation, over persons, of a predictor with what leaving the documents out took, over seeds.

    Args:
        tables: of `by_seed`.
        by: of `PREDICTORS`.
        repeats: of the persons; None: all of them, for whom the number of documents tells much by itself.
    """
    return seed_interval([_agreement(table, by, repeats) for table in tables])


def more_agreement(tables: Sequence[pd.DataFrame], first: str, second: str) -> Estimate:
    """By how much the rank correlation of one of `PREDICTORS` over all persons exceeds that of another, over seeds."""
    return seed_interval([_agreement(table, first, None) - _agreement(table, second, None) for table in tables])


def _agreement(table: pd.DataFrame, by: str, repeats: int | None) -> float:
    own = table if repeats is None else table[table["repeats"] == repeats]
    return rank_correlation(own[by].tolist(), own["lost"].tolist())


def between_seeds(tables: Sequence[pd.DataFrame], repeats: int = LEARNED) -> list[float]:
    """Rank correlations of what was lost in one seed with what was lost in another, over persons: of each two seeds."""
    lost = [table.loc[table["repeats"] == repeats, "lost"].tolist() for table in tables]
    return [rank_correlation(one, other) for one, other in combinations(lost, 2)]


def agreement_table(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Rank correlations with what was lost: a row a predictor, a column the persons they are taken over."""
    within = f"persons in {LEARNED} documents"
    rows = {
        words: {
            "all persons": agreement(tables, by, None),
            within: None if by == "repeats" else agreement(tables, by),  # of whom all have the same number
        }
        for by, words in PREDICTORS.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index", dtype=object)
