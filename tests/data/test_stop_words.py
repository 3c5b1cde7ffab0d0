from pathlib import Path

import pytest

from lmstudy.data.cleaning import stop_words
from lmstudy.data.cleaning.cuts import without
from lmstudy.data.cleaning.stop_words import cut_stop_words, identity
from lmstudy.errors import StudyError


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
