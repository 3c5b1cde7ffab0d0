"""What the Chinese reviews are: shares worked out by hand, scripts, widths, and files that fit what they are of."""

import dataclasses

import pandas as pd
import pytest

from lmstudy.chapters.chinese_preferences import reviews
from lmstudy.preferences.scorers.privacy_zh import ChinesePrivacyScorer
from lmstudy.runs.records import load_folder, published_folder
from tests.claim_records import record


@pytest.mark.parametrize(
    ("text", "traditional"),
    [
        ("一間很好的酒店", True),
        ("房间很好", False),
        ("很好，不錯，但房间", False),
        ("好", False),
        ("good", False),
        ("", False),
    ],
)
def test_scripts_are_told_by_characters_that_the_other_lacks(text, traditional):
    assert reviews.is_traditional(text) is traditional


def test_marks_are_counted_in_both_widths():
    table = reviews.mark_table(["好，好,好。", "好，好", "3.5"])
    assert dict(table.loc["， and ,"]) == {
        "full width": 2,
        "half width": 1,
        "full width, %": 200 / 3,
        "texts with both": 1,
    }
    assert list(table.loc["。 and .", ["full width", "half width", "texts with both"]]) == [1, 1, 0]


def test_beginnings_and_years():
    found = ["宾馆反馈2008年6月", "1、房间", "12.早餐", "2008年和1999年", "120元"]
    assert reviews.beginning(found, reviews.REPLY) == 1
    assert reviews.items_of_lists(found) == 2
    assert reviews.years(found) == {"2008": 2, "1999": 1}


@pytest.fixture
def by_hand(monkeypatch):
    """Puts what was read by hand in the place of the files."""
    return lambda **read: monkeypatch.setattr(reviews, "read_by_hand", read.__getitem__)


def test_a_reader_and_the_labels_agree_as_counted_by_hand(by_hand):
    by_hand(
        reviews_read={
            "positive": {"whole": ["a", "b", "c"], "part": ["d"], "unknown": []},
            "negative": {"whole": ["e"], "part": ["f", "g"], "unknown": ["h"]},
            "unclear": {"whole": [], "part": ["i"], "unknown": []},
        }
    )
    labels = {i: "positive" if i in "abcfi" else "negative" for i in "abcdefghi"}
    table = reviews.labels_table(labels)
    whole, part = table.loc["whole reviews"], table.loc["parts of longer reviews"]
    assert (whole["read"], whole["agree where clear, %"].value, whole["unclear, %"].value) == (4, 100, 0)
    assert (part["read"], part["unclear, %"].value) == (4, 25)
    assert part["agree where clear, %"].value == pytest.approx(100 / 3)
    assert list(part[["sound negative, label positive", "sound positive, label negative"]]) == [1, 1]
    assert table.loc["all", "read"] == 9
    own = reviews.Reviews(None, {i: f"{i}！" for i in labels}, labels)
    assert reviews.misread(own, longest=2, count=9) == {"f！": "positive", "d！": "negative"}
    assert reviews.misread(own, longest=1, count=9) == {}


def test_the_grader_is_compared_where_the_reader_could_tell(by_hand):
    one = record(1, "evaluation", {}, 2.0, seed=1)
    samples = [{"of": "unprompted", "scores": [score]} for score in (0.9, 0.1, 0.8, 0.2)]
    one = dataclasses.replace(one, samples=[*samples, {"of": "prompted", "scores": [0.5]}])
    by_hand(texts_read={one.id: ["negative", "positive", "positive", "unclear"]})
    row = reviews.grader_table({"x": [one], "y": []}).loc["x"]
    assert row["same verdict where clear, %"].value == pytest.approx(200 / 3)
    assert row["unclear, called negative, %"].value == 0
    assert list(row[["texts", "positive, reader", "unclear, reader"]]) == [4, 2, 1]
    by_hand(texts_read={})
    assert reviews.grader_table({"x": [one]}).empty


def test_names_are_counted_and_checked(by_hand):
    texts = {"a": "王小明和王小明，手机13812345678", "b": "苏东坡"}
    by_hand(names_read={"hits": {"a": {0: True, 4: False}}, "mentions": {"a": ["王小明"], "b": ["苏东坡"]}})
    scorer = ChinesePrivacyScorer()
    table = reviews.personal_table(texts, scorer)
    assert table["items"].to_dict() == {"name": 2, "mobile": 1, "identity number": 0}
    assert table["texts"].to_dict() == {"name": 1, "mobile": 1, "identity number": 0}
    assert reviews.names_right().value == 50
    assert reviews.names_found(texts, scorer) == (2, 3)


def test_what_was_compared_adds_up(by_hand):
    known = reviews.read_by_hand("known_corpora")
    counts = {split: sum(own.values()) for split, own in known["standing"].items()}
    assert counts == {"train": 15396, "valid": 856, "test": 856}
    matched = sum(own["whole"] + own["part"] for own in known["standing"].values())
    assert sum(known["labels"].values()) == matched
    standing = {"valid": {"whole": 3, "part": 1}, "test": {"whole": 1, "part": 3}}
    by_hand(known_corpora={"standing": standing, "beside_training": {"valid": 1, "test": 1}})
    assert (reviews.known_share("whole"), reviews.beside_training()) == (0.5, 0.25)


def test_what_was_read_is_of_published_records_and_marked_in_full():
    published = {one.id: one for one in load_folder(published_folder())}
    for key, marks in reviews.read_by_hand("texts_read").items():
        kept = [sample for sample in published[key].samples if sample["of"] == "unprompted"]
        assert len(marks) == len(kept)
        assert set(marks) <= set(reviews.MARKS)
    read = reviews.read_by_hand("reviews_read")
    ids = [i for mark in reviews.MARKS for kind in read[mark].values() for i in kind]
    assert len(ids) == len(set(ids)) == 200
    assert set(read) == set(reviews.MARKS)
    assert isinstance(reviews.labels_table(dict.fromkeys(ids, "positive")), pd.DataFrame)
