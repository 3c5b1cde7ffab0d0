import pytest

from lmstudy.data.vocabulary import out_of_vocabulary
from lmstudy.errors import StudyError


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
