import pytest

from lmstudy.data.cleaning import steps as cleaning
from lmstudy.errors import StudyError

CODE = "def mean(values):\n    total = sum(values)\n    return total / len(values)\n"
DATA = "def data():\n    return [\n" + "        0.25, 1.50, 2.75, 3.00, 4.25,\n" * 6 + "    ]\n"
LIST = "def names():\n    return {\n" + "".join(f'        "key{n}": "value{n}",\n' for n in range(30)) + "    }\n"

CASES = [
    ("unreadable", {}, "na\ufffdve", "naïve 編程\n\t"),
    ("unreadable", {}, "a\x1b[0m", "a[0m"),
    ("unreadable", {}, "a\x85b", "ab"),
    ("too_short", {"characters": 5}, "abcd", "abcde"),
    ("too_long", {"characters": 5}, "abcdef", "abcde"),
    ("long_lines", {"characters": 5}, "ab\nabcdef\n", "abcde\nabcde\n"),
    ("few_letters", {"share": 0.5}, DATA, CODE),
    ("repetitive", {"share": 0.8, "lines": 12}, LIST, CODE),
    ("repetitive", {"share": 0.8, "lines": 40}, LIST * 2, LIST),
    ("generated", {}, "# Auto-generated file, do not edit\n", "def is_generated(x):\n"),
    ("markup", {}, "梅瑟&#183;迈尔", "R&D; a < b > c & d"),
    ("markup", {}, "<br/>很好", "<水知道答案>"),
    ("stop_words", {"language": "en"}, "The of\n", "cat"),
]


@pytest.mark.parametrize(("step", "arguments", "bad", "good"), CASES)
def test_step(step, arguments, bad, good):
    cleaning.check({step: arguments})
    assert cleaning.clean(bad, {step: arguments}).objection == step
    assert cleaning.clean(good, {step: arguments})[:2] == (None, good)


def test_every_step_is_tested_and_has_a_reason():
    assert {step for step, *_ in CASES} == {*cleaning.STEPS, *cleaning.REWRITES} == set(cleaning.REASONS)
    assert set(cleaning.EFFECTS) == set(cleaning.REWRITES)


def test_the_first_step_in_order_counts():
    steps = {"too_long": {"characters": 3}, "unreadable": {}}
    assert cleaning.clean("abcd\0", steps).objection == "too_long"
    assert cleaning.clean("abcd\0", dict(reversed(steps.items()))).objection == "unreadable"


def test_steps_see_what_those_before_them_left():
    steps = {"stop_words": {"language": "en"}, "too_short": {"characters": 5}}
    assert cleaning.clean("the cat", steps)[:2] == ("too_short", "cat")
    assert cleaning.clean("the cat", dict(reversed(steps.items())))[:2] == (None, "cat")


def test_identity_holds_the_settings_in_order():
    steps = {"too_short": {"characters": 5}, "unreadable": None}
    assert cleaning.identity(steps) == [["too_short", {"characters": 5}], ["unreadable", {}]]
    ((name, arguments),) = cleaning.identity({"stop_words": {"language": "en"}})
    assert name == "stop_words"
    assert set(arguments) == {"language", "words"}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"too_shrt": {}}, r"data\.cleaning\.too_shrt is no cleaning step; choose from \['few_letters'"),
        ({"too_short": {}}, r"data\.cleaning\.too_short\.characters: .*are \['characters'\]"),
        ({"too_short": {"characters": "few"}}, r"data\.cleaning\.too_short\.characters"),
        ({"too_short": {"characters": 1, "words": 2}}, r"data\.cleaning\.too_short\.words"),
        ({"stop_words": {"lang": "en"}}, r"data\.cleaning\.stop_words\.lang: .*are \['language', 'file'\]"),
        ({"stop_words": {"language": False}}, r"data\.cleaning\.stop_words\.language: .*string"),  # YAML's "no"
        ({"stop_words": {}}, r"data\.cleaning\.stop_words names no list"),
    ],
)
def test_bad_settings(settings, said):
    with pytest.raises(StudyError, match=said):
        cleaning.check(settings)
