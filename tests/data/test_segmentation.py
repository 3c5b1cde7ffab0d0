import pytest

from lmstudy.data.segmentation import has_han, mostly_han, pieces, sentences, spans, words
from lmstudy.data.vocabulary import out_of_vocabulary
from lmstudy.errors import StudyError
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


def test_shares_by_hand():
    training = ["a a a b b c", "d"]  # in order of frequency: a b c d
    held_out = ["a b x", "a a", "", "c x y"]
    one, three, all_words = out_of_vocabulary(training, held_out, [1, 3, 99])
    assert one == (1, 5 / 8, 4 / 5, 2 / 3)
    assert three == (3, 3 / 8, 2 / 5, 2 / 3)
    assert all_words == (4, 3 / 8, 2 / 5, 2 / 3)


def test_a_chinese_sentence_without_segmentation_is_a_word():
    training, held_out = ["我爱编程", "我爱读书"], ["我爱编程，我爱读书", "我读书"]
    assert out_of_vocabulary(training, held_out, [10])[0].running == 2 / 4  # the comma and 我读书
    assert out_of_vocabulary(training, held_out, [10], "jieba")[0] == (4, 1 / 9, 1 / 5, 1 / 2)


@pytest.mark.parametrize(
    ("training", "held_out", "sizes", "said"),
    [([" "], ["a"], [1], "training texts hold no word"), (["a"], [], [1], "held-out"), (["a"], ["a"], [5, 0], "empty")],
)
def test_an_empty_vocabulary(training, held_out, sizes, said):
    with pytest.raises(StudyError, match=said):
        out_of_vocabulary(training, held_out, sizes)
