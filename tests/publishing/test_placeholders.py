import pytest

from lmstudy.publishing.placeholders import faults, is_prose

ENGLISH = (
    "See {doc}`limits`, {term}`records <record>` and {claim}`a.b|size` of $x_\\text{good}$, `code`, [it](#there) in 2."
)
TERMS = {"记录": "record"}


@pytest.mark.parametrize(
    "told",
    [
        "[它](#there)见{doc}`局限 <limits>`、{term}`记录 <record>`，{claim}`a.b|size`，$x_\\text{好}$，`code`，两处。",
        "见{doc}`limits`、{term}`记录`、{claim}`a.b|size`、$x_\\text{good}$、`code`、[它](#there)，2。",
    ],
)
def test_a_faithful_translation_has_no_faults(told):
    assert faults(ENGLISH, told, TERMS) == []


@pytest.mark.parametrize(
    ("english", "chinese"),
    [("Above .5, in May 2026", "大于 0.5，2026 年 5 月"), ("It may: 1 December 2026", "2026 年 12 月 1 日")],
)
def test_a_month_of_a_date_and_the_zero_before_a_point_are_no_new_numbers(english, chinese):
    assert faults(english, chinese) == []
    assert faults(english, f"{chinese}，6 月") == ["a number that the English does not write in digits: 6"]


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ("{claim}`a.b|size` 与 {claim}`a.b|size`", "not in the English: {claim}`a.b|size`"),
        ("{claim}`a.b`", "lost: {claim}`a.b|size`"),
        ("没有", "lost: {claim}`a.b|size`"),
        ("{claim}`a.b|size` 少 3 倍", "a number that the English does not write in digits: 3"),
        ("{claim}`a.b|size` 少 0.3", "a number that the English does not write in digits: 0.3"),
        ("**粗体：**后{claim}`a.b|size`", "stars that mark nothing"),
    ],
)
def test_what_is_lost_or_added_is_named(told, fault):
    assert any(one.startswith(fault) for one in faults("Of {claim}`a.b|size`.", told))


@pytest.mark.parametrize(
    ("text", "expected"), [("{claim}`a.b`", False), ("`x` 1", False), ("{doc}`One <a>`", True), ("{term}`one`", True)]
)
def test_only_what_has_words_is_translated(text, expected):
    assert is_prose(text) is expected


def test_a_decimal_may_have_the_zero_that_english_leaves_out():
    assert faults("A margin of .05.", "界限是 0.05。") == []
