from math import ceil

import numpy as np
import pytest

from lmstudy.data.splits import NAMES, ByHash, ByPackage, assign, unit_hash
from lmstudy.errors import StudyError

TRAIN, VALID, VALID_FILES, TEST = range(4)


def corpus(files: dict[str, int], documents: int = 3) -> tuple[list[str], np.ndarray, list[tuple[str, int]]]:
    where = [(name, file) for name, count in files.items() for file in range(count) for _ in range(documents)]
    units = np.array([unit_hash(name, str(file)) for name, file in where], dtype=np.uint64)
    return [name for name, _ in where], units, where


def test_roles_and_files():
    sources, units, where = corpus({"big": 200, "single": 1, "other": 30, "last": 20})
    roles = {"big": "train", "single": "train", "other": "valid", "last": "test"}
    split = assign(units, sources, ByPackage(valid_files=0.02), roles)
    per_file: dict[tuple[str, int], set[int]] = {}
    for place, code in zip(where, split.tolist(), strict=True):
        per_file.setdefault(place, set()).add(code)
    assert all(len(codes) == 1 for codes in per_file.values())  # no file straddles
    of = {name: [next(iter(codes)) for (source, _), codes in per_file.items() if source == name] for name in roles}
    assert of["big"].count(VALID_FILES) == ceil(0.02 * 200)
    assert of["big"].count(TRAIN) == 196
    assert set(of["single"]) == {TRAIN}  # a package of one file is not held out whole
    assert set(of["other"]) == {VALID}
    assert set(of["last"]) == {TEST}
    assert NAMES[VALID_FILES] == "valid_files"


def test_reading_order_does_not_matter():
    sources, units, _ = corpus({"a": 50, "b": 50})
    order = np.random.default_rng(0).permutation(len(units))
    for settings in (ByPackage(valid_files=0.1), ByHash(by="file")):
        roles = {"a": "train", "b": "valid"}
        straight = assign(units, sources, settings, roles)
        shuffled = assign(units[order], [sources[i] for i in order], settings, roles)
        np.testing.assert_array_equal(straight[order], shuffled)


@pytest.mark.parametrize(("files", "wanted"), [(100, [85, 5, 0, 10]), (3, [1, 1, 0, 1])])
def test_shares_of_files_are_rounded_up(files, wanted):
    sources, units, _ = corpus({"files": files})
    split = assign(units, sources, ByHash(by="file", valid=0.05, test=0.1), {"files": None})
    assert np.bincount(split, minlength=4).tolist() == [3 * share for share in wanted]


def test_two_files_are_too_few():
    sources, units, _ = corpus({"files": 2})
    with pytest.raises(StudyError, match=r"2 files with documents are too few.*data\.split\.by=document"):
        assign(units, sources, ByHash(by="file"), {})
    with pytest.raises(StudyError, match=r"data\.split: 1 documents are too few"):
        assign(units[:1], sources[:1], ByHash(by="document"), {})


def test_roles_are_needed_by_package():
    sources, units, _ = corpus({"files": 5})
    with pytest.raises(StudyError, match=r"data\.split\.by=package: source 'files' has no role"):
        assign(units, sources, ByPackage(), {"files": None})
