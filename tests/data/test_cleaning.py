import random
from pathlib import Path

import pytest

from lmstudy.data.cleaning import steps as cleaning
from lmstudy.data.cleaning import stop_words
from lmstudy.data.cleaning.cuts import shortened, without
from lmstudy.data.cleaning.stop_words import cut_stop_words, identity
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
        ({"too_short": {"characters": "few"}}, r"data\.cleaning\.too_short\.characters='few': "),
        ({"too_short": {"characters": 1, "words": 2}}, r"data\.cleaning\.too_short\.words"),
        ({"stop_words": {"lang": "en"}}, r"data\.cleaning\.stop_words\.lang='en': .*are \['language', 'file'\]"),
        ({"stop_words": {"language": False}}, r"data\.cleaning\.stop_words\.language=False: .*string"),  # YAML's "no"
        ({"stop_words": {}}, r"data\.cleaning\.stop_words names no list"),
    ],
)
def test_bad_settings(settings, said):
    with pytest.raises(StudyError, match=said):
        cleaning.check(settings)


def test_segments_are_what_is_left_of_each():
    rng = random.Random(0)
    for _ in range(200):
        lengths = [rng.randrange(1, 6) for _ in range(rng.randrange(1, 8))]
        size = sum(lengths)
        gone = [rng.random() < 0.4 for _ in range(size)]
        edges = [i for i in range(size + 1) if (i < size and gone[i]) != (i > 0 and gone[i - 1])]
        spans = list(zip(edges[::2], edges[1::2], strict=True))
        owners = [segment for segment, length in enumerate(lengths) for _ in range(length)]
        kept = [owner for owner, out in zip(owners, gone, strict=True) if not out]
        assert shortened(lengths, spans) == [kept.count(owner) for owner in sorted(set(kept))]
        text = "".join(chr(97 + i) for i in range(size))
        assert without(text, spans) == "".join(c for c, out in zip(text, gone, strict=True) if not out)


def left(text: str, language: str | None = None, file: Path | None = None) -> tuple[str, int]:
    cuts = cut_stop_words(text, language, str(file) if file else None)
    return without(text, cuts.spans), cuts.words


@pytest.mark.parametrize(
    ("language", "text", "expected", "words"),
    [
        ("en", "The cat and the dog", "cat dog", 3),
        ("en", "cat, the  dog", "cat, dog", 1),
        ("en", "the, dog", ", dog", 1),
        ("en", "dog of the\ncat", "dog\ncat", 2),  # no blank is left hanging
        ("en", "dog the \ncat", "dog \ncat", 1),  # but one that hung there before
        ("en", "    the cat\n\tTHE\n", "    cat\n\t\n", 2),  # indentations stay, and so do lines
        ("en", "cat  dog\t dog", "cat  dog\t dog", 0),  # blanks that were there stay
        ("en", "Don't! DON’T the_cat theatre", "! the_cat theatre", 2),
        ("en", "", "", 0),
        ("zh", "我爱编程，这本书的内容真的不错！", "爱编程本书内容真的不错", 5),
        ("zh", "宾馆 的 早餐\n我\n他们推荐：很好吃", "宾馆 早餐\n\n推荐好吃", 5),
        ("zh", "OK，T恤不贵", "OKT恤贵", 2),
        ("zh", "的士", "的士", 0),  # a taxi, though 的 is a stop word
        ("hi", "में किताब", "किताब", 1),  # words with combining marks are whole
        ("fr", "e\u0301t", "e\u0301t", 0),  # not the "et" inside
    ],
)
def test_what_is_left(language, text, expected, words):
    assert left(text, language) == (expected, words)


def test_own_file(tmp_path):
    file = tmp_path / "words.txt"
    file.write_text("\ufeffCat\n\n  dog \n", encoding="utf-8")
    assert left("the cat and the Dog", file=file) == ("the and the", 2)
    file.write_text("the\n", encoding="utf-8")  # edited: read again
    assert left("the cat and the Dog", file=file) == ("cat and Dog", 2)
    file.write_text("编程\n，\n", encoding="utf-8")
    assert left("我爱编程，你呢", "zh", file) == ("我爱你呢", 2)


def test_identity_is_the_words(tmp_path):
    one, other = tmp_path / "one.txt", tmp_path / "other.txt"
    one.write_text("cat\ndog\n")
    other.write_text("dog\r\nCat")
    assert identity(file=str(one)) == identity(file=str(other))
    other.write_text("dog\ncats")
    assert identity(file=str(one)) != identity(file=str(other))
    assert identity("en") != identity("de")
    assert str(tmp_path) not in str(identity(file=str(one)))


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (None, r"stop_words names no list: give data\.cleaning\.stop_words\.language=CODE"),
        ("xx", r"language='xx'.*choose from af, ar,.*, zh, zu\. Or name your own UTF-8 file.*stop_words\.file=FILE"),
        ("zh-CN", r"did you mean zh\? Or name"),
        ("EN", r"did you mean en\?"),
        ("ja", r"language='ja': this language is written without spaces"),
    ],
)
def test_languages_without_a_list(language, said):
    with pytest.raises(StudyError, match=said):
        cut_stop_words("text", language, None)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds no word"),
        (b" \n\n", "holds no word"),
        (b"caf\xe9\n", "is not UTF-8 .* at byte 3"),
        (b"the\nof course\n", r"line 2: 'of course' is not one word"),
        ("the\n编程\n".encode(), "line 2: .* is Chinese.*language=zh"),
        (None, "cannot be read: No such file"),
    ],
)
def test_files_that_cannot_be_used(tmp_path, content, said):
    file = tmp_path / "words.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(StudyError, match=said) as error:
        cut_stop_words("text", None, str(file))
    assert str(file) in str(error.value)


def test_most_words_of_every_list_can_be_found():
    import stopwordsiso

    for language in stopwordsiso.langs() - stop_words._NO_SPACES - {"zh", "vi", "ko"}:  # lists of phrases, too
        listed = stopwordsiso.stopwords(language)
        assert sum(bool(stop_words._WORD.fullmatch(word)) for word in listed) > 0.9 * len(listed), language
