"""Distances from a teacher, as they stand in records."""

import pytest

from lmstudy.chapters.results.teacher_distance import distance_table, distances, farther, kl
from lmstudy.errors import StudyError
from lmstudy.study.claims import NoRecordsError
from tests.chapters.result_records import distant


def made(**levels):
    found = []
    for name, level in levels.items():
        for seed in (1, 2):
            found += distant(name, seed, level + 0.01 * seed)
    return found


def test_a_method_that_is_farther_is_told():
    found = distances(made(MLE=0.2, filtering=0.3), "privacy")
    assert list(found) == ["MLE", "filtering"]
    assert kl(found["MLE"]).value == pytest.approx(0.215, abs=0.01)
    e = farther(found, "filtering", "MLE")
    assert e.low > 0
    assert e.value == pytest.approx(0.1, abs=1e-6)  # the same seeds and texts
    table = distance_table(found)
    assert table.loc["MLE", "more than MLE"] == ""
    assert table.loc["filtering", "more than MLE"].startswith("+0.100")
    with pytest.raises(NoRecordsError, match="'conditional' from a teacher"):
        farther(found, "conditional", "MLE")


def test_two_teachers_do_not_mix():
    records = [*made(MLE=0.2), *distant("filtering", 1, 0.3, teacher="another")]
    with pytest.raises(StudyError, match="several teachers"):
        distances(records, "privacy")
