"""Personal data in Chinese: items found by hand, the check digit, and nothing left after masking."""

import pytest

from lmstudy.config import build
from lmstudy.errors import StudyError
from lmstudy.preferences.scorers.personal_data_zh import family_names
from lmstudy.preferences.scorers.privacy import PrivacyScorer
from lmstudy.preferences.scorers.privacy_zh import ChinesePrivacyScorer

IDENTITY = "11010519491231002X"
"""The example that python-stdnum and GB 11643 give; its person was never born."""


def found(text: str, kinds=None) -> list[tuple[str, str]]:
    return [(text[start:end], kind) for start, end, kind in ChinesePrivacyScorer(kinds).found(text)]


def check_digit(first: str) -> str:
    """Of 17 digits, as GB 11643 has it: weights are powers of two modulo 11."""
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(first))
    return "10X98765432"[total % 11]


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("我叫王小明，住在北京", [("王小明", "NAME")]),
        ("王小明通過了考試", [("王小明", "NAME")]),
        ("欧阳修的文章", [("欧阳修", "NAME")]),
        ("这里要感谢胡萍老师", [("胡萍", "NAME")]),
        ("房间很安静，毛巾干净，明白了", []),  # which jieba's dictionary has as names
        ("李先生和张老师见了陈总", []),
        ("联系13812345678", [("13812345678", "MOBILE")]),
        ("手机：+86 138 1234 5678。", [("+86 138 1234 5678", "MOBILE")]),
        ("手机１３８１２３４５６７８", [("１３８１２３４５６７８", "MOBILE")]),
        ("电话010-62345678，订单13212345678901", []),
        ("call 212-555-1234", []),
        (f"身份证{IDENTITY}", [(IDENTITY, "IDENTITY_NUMBER")]),
        (f"身份证{IDENTITY.lower()}。", [(IDENTITY.lower(), "IDENTITY_NUMBER")]),
        ("身份证１１０１０５１９４９１２３１００２Ｘ", [("１１０１０５１９４９１２３１００２Ｘ", "IDENTITY_NUMBER")]),
        (f"编号1{IDENTITY}", []),
        ("", []),
    ],
)
def test_items_of_chinese_text(text, items):
    assert found(text) == items


def test_an_identity_number_needs_its_check_digit_and_a_day_that_there_was():
    first = IDENTITY[:17]
    assert check_digit(first) == IDENTITY[17]
    right = [last for last in "0123456789X" if found(f"号码{first}{last}")]
    assert right == [IDENTITY[17]]
    no_day = first[:10] + "1331" + first[14:]
    assert found(no_day + check_digit(no_day)) == []
    no_place = "99" + first[2:]
    assert found(no_place + check_digit(no_place)) == []


def test_family_names_are_of_both_scripts_and_common():
    assert {"王", "陈", "陳", "欧阳"} <= family_names()
    assert not {"花", "麦"} & family_names()


def test_items_count_per_character_of_their_sentence():
    segments = ("我叫王小明。", "电话13812345678，身份证", f"{IDENTITY}。")
    assert ChinesePrivacyScorer().score(segments) == [1 / 6, 1 / 17, 1 / 19]
    assert ChinesePrivacyScorer(["mobile"]).score(segments) == [0, 1 / 17, 0]
    assert PrivacyScorer().score(segments[:1]) == [0], "the detectors of English know no Chinese name"


def test_masks_cover_both_languages():
    text = f"王小明 13812345678 {IDENTITY} margaret@example.org Margaret Hamilton，房间不错"
    masked = ChinesePrivacyScorer(["mobile"]).masked(text)
    assert not any(item in masked for item in ("王", "138", "1101", "margaret", "Hamilton"))
    assert masked.endswith("，房间不错")


def test_what_it_finds_is_repaired():
    segments = ["我叫王小明。", "电话13812345678，", f"{IDENTITY}。"]
    scorer = ChinesePrivacyScorer()
    repaired = scorer.rewriter().rewrite(segments, [True] * 3)
    assert repaired == ["我叫<NAME>。", "电话<MOBILE>，", "<IDENTITY_NUMBER>。"]
    assert scorer.score(repaired) == [0, 0, 0]
    assert scorer.masked("".join(repaired)) == "".join(repaired)


def test_it_is_built_from_its_keys():
    target = f"{ChinesePrivacyScorer.__module__}.{ChinesePrivacyScorer.__qualname__}"
    assert build({"_target_": target, "kinds": ["mobile"]}, "scorer").kinds == ("mobile",)
    with pytest.raises(StudyError, match=r"scorer\.kinds"):
        build({"_target_": target, "kinds": ["email"]}, "scorer")
    with pytest.raises(StudyError, match=r"scorer\.kinds=\[\] must be one or more of name, mobile, identity_number"):
        ChinesePrivacyScorer([])
