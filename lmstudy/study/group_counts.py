"""From records to the arrays that the statistics take: bits and bytes by seed and document group."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from lmstudy.errors import StudyError
from lmstudy.runs.records import Record, check_same_numerics
from lmstudy.study.claims import NoRecordsError


def group_counts(records: Sequence[Record], split: str) -> np.ndarray:
    """[seeds, groups, 2] of (bits, bytes) on a split, one row a record, ordered by seed.

    Raises:
        NoRecordsError: a record that was not evaluated on the split.
        StudyError: one seed twice, or records whose groups do not hold the same documents.
    """
    ordered = sorted(records, key=lambda r: -1 if r.seed is None else r.seed)
    for first, second in pairwise(ordered):
        if first.seed == second.seed:
            raise StudyError(f"records {first.name} and {second.name} have the same seed, {first.seed}: keep one")
    for record in ordered:
        if not record.groups.get(split):
            raise NoRecordsError(f"of the document groups of split {split!r} in {record.name}")
    check_same_documents(ordered, split)
    return np.array([record.groups[split] for record in ordered], dtype=float)


def check_same_documents(records: Sequence[Record], split: str) -> None:
    """Raises StudyError unless the records share corpus and numerics and agree on every group's bytes."""
    check_same_numerics(records)
    first = records[0]
    for other in records[1:]:
        if other.data != first.data:
            raise StudyError(f"records {first.name} and {other.name} come from different data; run one again")
        sizes = [[size for _, size in r.groups.get(split, [])] for r in (first, other)]
        if sizes[0] != sizes[1]:
            raise StudyError(
                f"records {first.name} and {other.name}: their groups on split {split!r} "
                "do not hold the same documents, since their bytes differ"
            )
