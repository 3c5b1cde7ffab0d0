import pytest

from lmstudy.data.segmentation import has_han, mostly_han, pieces, sentences, spans, words
from tests.data.test_tokenizer import CODE, NASTY

REVIEW = "我爱编程，T恤13寸 hello  world！真不错……\n卡拉OK"


@pytest.mark.parametrize("text", [REVIEW, CODE, *NASTY])
def test_nothing_is_lost(text):
    assert "".join(pieces(text)) == text
    assert "".join(sentences(text)) == text
    assert "".join(word for word, _, _ in spans(text)) == text
    assert all(text[start:stop] == word for word, start, stop in spans(text))
    assert all(sentences(text))


def test_pieces_are_words_and_what_is_between():
    found = "|".join(pieces(REVIEW))
    assert found == "我|爱|编程|，|T恤|13|寸| hello  world！|真不错|……\n|卡拉|OK"


@pytest.mark.parametrize("text", ["", CODE, "naïve — 12 €\n", "カタカナ"])
def test_text_without_chinese_stays_whole(text):
    assert not has_han(text)
    assert pieces(text) == [text]


def test_words():
    assert " ".join(words(REVIEW, "jieba")) == "我 爱 编程 ， T恤 13 寸 hello world ！ 真不错 … … 卡拉 OK"
    assert words("It's naïve_1, isn't it?", None) == ["It", "'", "s", "naïve_1", ",", "isn", "'", "t", "it", "?"]


def test_sentences_end_after_their_marks():
    text = "好！！不好？“很好。”（真的！）他说…3.5分。www.a.cn\n\n完"
    assert "|".join(sentences(text)) == "好！！|不好？|“很好。”|（真的！）|他说…|3.5分。|www.a.cn\n|\n|完"
    assert sentences("") == ()


def test_words_are_the_same_sentence_by_sentence():
    text = "这本书很好看！送货也快。推荐给大家……下次还来？会的\n谢谢"
    assert [piece for sentence in sentences(text) for piece in pieces(sentence)] == pieces(text)


@pytest.mark.parametrize(
    ("text", "chinese"),
    [("酒店 good", False), ("酒店很好 ok", True), ("", False), ("123。", False), ("房间", True)],
)
def test_a_text_is_of_the_script_of_most_of_its_letters(text, chinese):
    assert mostly_han(text) == chinese
