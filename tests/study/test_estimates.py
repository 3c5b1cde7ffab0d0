"""What runs are compared by: pairing, signs, and what cannot be compared."""

import dataclasses

import numpy as np
import pytest

from lmstudy.benchmark.result import Line
from lmstudy.errors import StudyError
from lmstudy.evaluation.rounds import paired_ratio
from lmstudy.study.estimates import benchmark_lines, bits_per_byte, common_seeds, group_counts, metric, more_bits
from tests.claim_records import benchmark, model


@pytest.fixture
def transformer():
    return [model(s, 2.0) for s in (1, 2, 3)]


@pytest.fixture
def other():
    return [model(10 + s, 2.1, id=f"{20 + s:016x}") for s in (1, 2, 3)]


def test_differences_are_paired_and_signed(transformer, other):
    found = more_bits(other, transformer)
    assert found.value == pytest.approx(0.1, abs=0.01)
    assert 0 < found.low < found.value < found.high
    assert more_bits(transformer, other).value == pytest.approx(-found.value)
    apart = bits_per_byte(other)
    assert found.high - found.low < apart.high - apart.low  # what is hard for both cancels


def test_arms_of_different_data_are_not_compared_on_their_own_splits(transformer, other):
    elsewhere = [dataclasses.replace(r, data="other") for r in other]
    with pytest.raises(StudyError, match="different data"):
        more_bits(elsewhere, transformer)
    changed = [dataclasses.replace(record, groups={"valid": [[9.0, 3]] * 20}) for record in other]
    with pytest.raises(StudyError, match="do not hold the same documents"):
        more_bits(changed, transformer)


def test_group_counts_are_ordered_by_seed_whatever_the_order_of_records(transformer):
    assert group_counts(transformer, "valid").shape == (3, 20, 2)
    assert np.array_equal(group_counts(transformer[::-1], "valid"), group_counts(transformer, "valid"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"numerics": 2}, r"numerics 1.*numerics 2"),
        ({"data": "other"}, "different data"),
        ({"groups": {"valid": [[9.0, 3]] * 20}}, "do not hold the same documents"),
        ({"seed": 1, "name": "twin"}, "same seed, 1"),
        ({"groups": {}}, "split 'valid' in train-4"),
    ],
)
def test_records_that_cannot_be_compared_are_an_error(transformer, changes, message):
    with pytest.raises(StudyError, match=message):
        group_counts([*transformer, dataclasses.replace(model(4), **changes)], "valid")


def test_metrics_get_an_interval_over_seeds(transformer):
    found = metric(transformer, "train/tokens")
    assert (found.value, found.n) == (1_000_002.0, 3)


def test_only_seeds_that_all_arms_have_are_paired(transformer, other):
    assert [[r.seed for r in own] for own in common_seeds(transformer, transformer[1:])] == [[2, 3], [2, 3]]
    with pytest.raises(StudyError, match="no seed in common"):
        common_seeds(transformer, other)


def test_lines_of_a_benchmark_are_computed_from_its_rounds_where_it_keeps_them():
    """Older records hold medians, whose intervals are too short for few rounds."""
    said = [Line("tokens_per_second", "tokens/s", "hf_t5", "lmstudy", 9.0, None, 8.9, 9.1, 4, "higher")]
    rounds = {"lmstudy": [4.0, 4.4, 3.6, 4.0], "hf_t5": [2.0, 2.0, 2.0, 2.0]}
    curves = {f"{who}/tokens_per_second": {"step": [1, 2, 3, 4], "value": own} for who, own in rounds.items()}
    (line,) = benchmark_lines(benchmark("train", said, curves=curves))
    expected = paired_ratio(*rounds.values())
    assert (line["ratio"], line["low"], line["high"]) == (expected.value, expected.low, expected.high)
    assert benchmark_lines(benchmark("train", said, curves={}))[0]["ratio"] == 9.0
    fewer = {key: {"step": [1], "value": curve["value"][:1]} for key, curve in curves.items()}
    assert benchmark_lines(benchmark("train", said, curves=fewer))[0]["low"] == 8.9
