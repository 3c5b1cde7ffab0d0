"""From records to estimates: what the statistics take, and what chapters and claims compare runs by."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from lmstudy.errors import StudyError
from lmstudy.evaluation.rounds import over_rounds, paired_ratio
from lmstudy.evaluation.statistics import (
    Estimate,
    paired_difference,
    paired_ratio_of_means,
    ratio_of_sums_bootstrap,
    seed_interval,
    trend_of_ratios,
)
from lmstudy.runs.records import Record, check_same_numerics
from lmstudy.study.shelf import NoRecordsError

Records = Sequence[Record]
UNPROMPTED = "unprompted/training"
"""Texts from nothing, judged by the scorer of training."""
HELD_OUT = "unprompted/held_out"
"""The same by the held-out grader."""
GRADERS = {"training scorer": UNPROMPTED, "held-out grader": HELD_OUT}
"""Who judges texts from nothing, as the book names them."""


UNKNOWN = Estimate(math.nan, math.nan, math.nan, 0)
"""Where there is nothing to work an estimate out from."""
BITS = "bits per byte (control tokens left out)"
"""What trainings and `measure=capability` report. It leaves the choice to go on out of what control tokens cost, so it
favours models that have them; `lmstudy.measures.code_length` charges it."""


def common_seeds(*arms: Records) -> list[list[Record]]:
    """The records of each arm for the seeds that all of them have, in order; a StudyError if there is no such seed."""
    shared = sorted(set.intersection(*({record.seed for record in records} for records in arms)), key=str)
    if not shared:
        raise StudyError("the arms have no seed in common, so no difference between them can be paired")
    by_seed = [{record.seed: record for record in records} for records in arms]
    return [[own[seed] for seed in shared] for own in by_seed]


def sums(records: Records, key: str) -> np.ndarray:
    """[seeds, parts, 2]: the numerators and denominators that each record keeps under a key of its groups.

    Raises:
        StudyError: a record has no such group; names it.
    """
    if missing := [record.name for record in records if key not in record.groups]:
        raise StudyError(f"{missing[0]} has no group {key!r}: it is no record of that kind")
    return np.array([record.groups[key] for record in records])


def group_counts(records: Records, split: str) -> np.ndarray:
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


def check_same_documents(records: Records, split: str) -> None:
    """Raises StudyError unless the records share corpus and numerics and agree on every group's bytes."""
    check_same_numerics(records)
    first = records[0]
    for other in records[1:]:
        if other.data != first.data:
            raise StudyError(f"records {first.name} and {other.name} come from different data; run one again")
        _check_same_bytes(first, other, split)


def _check_same_bytes(first: Record, other: Record, split: str) -> None:
    sizes = [[size for _, size in r.groups.get(split, [])] for r in (first, other)]
    if sizes[0] != sizes[1]:
        raise StudyError(
            f"records {first.name} and {other.name}: their groups on split {split!r} "
            "do not hold the same documents, since their bytes differ"
        )


def bits_per_byte(records: Records, split: str = "valid") -> Estimate:
    """Held-out bits per byte, over seeds and the documents of a split."""
    return ratio_of_sums_bootstrap(group_counts(records, split))


def more_bits(records: Records, reference: Records, split: str = "valid", *, same_data: bool = True) -> Estimate:
    """Bits per byte of one arm minus those of another, paired by seed and document group.

    Args:
        records, reference: by seed; of equal seeds, or one record that stands for every seed of the other arm.
        split: of held-out documents.
        same_data: False where the arms differ in their corpus or tokenizer, and `split` names documents that both
            were evaluated on (their bytes must agree all the same).

    Raises:
        StudyError: the arms were trained on different data, or their groups do not hold the same documents.
    """
    if same_data and records[0].data != reference[0].data:
        names = records[0].name, reference[0].name
        raise StudyError(f"{names[0]} and {names[1]} were trained on different data: compare evaluations on one split")
    counts = group_counts(records, split), group_counts(reference, split)
    _check_same_bytes(records[0], reference[0], split)
    return paired_difference(*counts)


def metric(records: Records, key: str) -> Estimate:
    """Mean and interval over seeds of a metric."""
    return seed_interval([record.metrics[key] for record in records])


def mean_metric(records: Records, key: str) -> float:
    """Mean over records of a metric; NaN where one does not have it."""
    return float(np.mean([record.metrics.get(key, math.nan) for record in records])) if records else math.nan


def scored(records: Sequence[Record], *keys: str) -> bool:
    """Whether every measurement could score something under each key: who has learned nothing may write nothing."""
    return bool(records) and all(sum(size for _, size in r.groups.get(key, ())) > 0 for r in records for key in keys)


def mean(records: Records, key: str = UNPROMPTED) -> Estimate:
    """Mean score per character or segment, over seeds and texts; of scores that are never negative down to 0."""
    table = sums(records, key)
    e = ratio_of_sums_bootstrap(table)
    return e if (table[..., 0] < 0).any() else e.clipped(0.0)


def times(first: Records, second: Records, key: str = UNPROMPTED) -> Estimate:
    """How many times higher the mean score of `first` is than that of `second`, paired by seed."""
    one, other = common_seeds(first, second)
    return paired_ratio_of_means(sums(one, key), sums(other, key))


def trend(pairs: Sequence[tuple[Records, Records]], doublings: Sequence[float], key: str = UNPROMPTED) -> Estimate:
    """By what factor `times` of each pair changes per doubling, over the seeds that all arms have."""
    arms = common_seeds(*(arm for pair in pairs for arm in pair))
    tables = [sums(arm, key) for arm in arms]
    return trend_of_ratios(list(zip(tables[::2], tables[1::2], strict=True)), doublings)


def more(first: Records, second: Records, key: str = UNPROMPTED) -> Estimate:
    """How much higher the mean score of `first` is than that of `second`, paired by seed."""
    one, other = common_seeds(first, second)
    return paired_difference(sums(one, key), sums(other, key), same_groups=False)


def more_paired(first: Records, second: Records, key: str) -> Estimate:
    """The same where both judged the very same groups, such as persons or documents: paired by seed and group."""
    one, other = common_seeds(first, second)
    return paired_difference(sums(one, key), sums(other, key))


def capability_cost(first: Records, second: Records, split: str = "valid") -> Estimate:
    """Per cent of bits per byte of held-out documents that `first` needs more than `second`, paired by seed."""
    one, other = common_seeds(first, second)
    found = paired_ratio_of_means(sums(one, split), sums(other, split), same_groups=True)
    return found.minus(1.0).times(100)


def benchmark_lines(record: Record) -> list[dict[str, Any]]:
    """What a benchmark printed, one dictionary a line (`lmstudy.benchmark.result.Line`).

    Rates and their ratios are computed anew from the rounds that the record keeps, where it keeps them: older records
    hold medians, whose intervals are too short for few rounds (`lmstudy.evaluation.rounds`).

    Raises:
        StudyError: the record is of no benchmark.
    """
    first = record.samples[0]
    if not isinstance(first, dict) or not isinstance(first.get("lines"), list):
        raise StudyError(f"record {record.name}: its first sample does not hold the lines of a benchmark")
    lines: Any = first["lines"]
    return [_from_rounds(record, line) for line in lines]


def _from_rounds(record: Record, line: dict[str, Any]) -> dict[str, Any]:
    curves = [record.curves.get(f"{who}/{line['measure']}") for who in (line["contender"], line["peer"]) if who]
    rounds = [curve["value"] for curve in curves if curve is not None]
    if not line["rounds"] or len(rounds) < len(curves) or {len(own) for own in rounds} != {line["rounds"]}:
        return line
    found = paired_ratio(*rounds) if line["peer"] else over_rounds(rounds[0])
    ends = {end: None if math.isnan(x) else x for end, x in (("low", found.low), ("high", found.high))}
    return {**line, "ratio" if line["peer"] else "value": found.value, **ends}


def benchmark_line(
    record: Record, measure: str, peer: str | None = None, contender: str | None = None
) -> dict[str, Any]:
    """The first line of a measure, against a peer or (None) without one; a StudyError if there is none."""
    for each in benchmark_lines(record):
        if each["measure"] == measure and each["peer"] == peer and contender in (None, each["contender"]):
            return each
    raise StudyError(f"record {record.name}: no line of {measure} of {contender or 'any'} against {peer or 'nobody'}")


def line_estimate(line: Mapping[str, Any]) -> Estimate:
    """A line of a benchmark; n counts rounds, an unknown interval is NaN, and a line without a number a StudyError."""
    value = line["ratio"] if line["peer"] else line["value"]
    if value is None:
        raise StudyError(f"{line['measure']}: no number was found ({line['unit']})")
    low, high = (math.nan if line[end] is None else line[end] for end in ("low", "high"))
    return Estimate(value, low, high, line["rounds"] or 1)
