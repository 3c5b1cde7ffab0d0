"""The workload `prepare`: text without repeats, slopes, and a small preparation in a process of its own."""

import math

import numpy as np
import pytest

from lmstudy.benchmark.prepare_corpus import Prepare, result, write_text
from lmstudy.benchmark.ratios import log_log_slope
from lmstudy.data.corpus import prepare
from lmstudy.errors import StudyError
from tests.benchmark.cases import bench, tiny_data


def test_slope_of_a_power_is_its_exponent():
    sizes = np.array([2, 4, 8, 16])
    exact = log_log_slope(sizes, 3 * sizes**1.5)
    assert (exact.value, exact.n) == (pytest.approx(1.5), 4)
    assert exact.high - exact.low < 1e-6
    noisy = log_log_slope([1, 1, 2, 2], [1.0, 1.2, 2.1, 2.0])
    assert noisy.low < noisy.value < noisy.high
    # By hand: logs at x = 0 average ln(1.2) / 2, at x = ln 2 they average ln(4.2) / 2.
    assert noisy.value == pytest.approx((math.log(4.2) - math.log(1.2)) / 2 / math.log(2))
    assert math.isnan(log_log_slope([1, 2], [1, 2]).low)


@pytest.mark.parametrize(("sizes", "costs"), [([1, 1], [1, 2]), ([1, 2], [0, 1]), ([1, 2], [1])])
def test_no_slope_without_two_sizes_and_positive_costs(sizes, costs):
    with pytest.raises(StudyError, match="a slope needs"):
        log_log_slope(sizes, costs)


def test_text_is_as_long_as_asked_for_and_repeats_nothing(tmp_path):
    split = prepare(tiny_data()).splits["train"]
    write_text(split, 60_000, tmp_path / "a")
    files = sorted((tmp_path / "a").iterdir())
    text = "".join(file.read_text() for file in files)
    assert 60_000 <= len(text.encode()) < 75_000
    assert len(files) == 3
    used = [document for document in split["text"] if document.strip("\n") in text]
    assert sum(len(document.encode()) for document in used) >= 0.9 * len(text.encode())  # whole documents, once each
    with pytest.raises(StudyError, match=r"workload\.megabytes holds 1000, and the training documents of this corpus"):
        write_text(split, 10**9, tmp_path / "b")


def test_lines_come_from_the_points():
    points = [
        {"megabytes": size, "seconds": 2 * size, "memory": 100 + 10 * size**0.5, "memory_above_start": 10 * size**0.5}
        for size in (2, 4, 8)
        for _ in range(2)
    ]
    found = {line.measure: line for line in result(points, "data").lines}
    assert next(iter(found)) == "seconds_slope"
    assert found["seconds_slope"].value == pytest.approx(1)
    assert found["memory_above_start_slope"].value == pytest.approx(0.5)
    assert found["seconds_8_megabytes"].value == pytest.approx(16)
    assert found["memory_8_megabytes"].value == pytest.approx(100 + 10 * 8**0.5)


def test_a_run_prepares_every_size_from_nothing():
    told = []
    found = Prepare(megabytes=[0.06, 0.12], repeats=1).run(bench(told=told))
    assert told == ["prepare 0.06 MB, 1 of 1", "prepare 0.12 MB, 1 of 1"]
    assert [sample["megabytes"] for sample in found.samples] == [0.06, 0.12]
    assert all(sample["seconds"] > 0.01 for sample in found.samples)
    assert all(0 < sample["memory_above_start"] < sample["memory"] < 4096 for sample in found.samples)
    assert len(found.data) == 16
