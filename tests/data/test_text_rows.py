import math

import numpy as np
import pytest

from lmstudy.data.ngrams import ngrams, rarity
from lmstudy.data.text_rows import Reader, Row, side_by_side
from lmstudy.data.tokenizer import BOS, PAD, train
from lmstudy.errors import StudyError

TEXTS = ["a good film", "", "a good film about a good actor"]


@pytest.fixture(scope="module")
def tokenizer():
    return train(TEXTS * 5, 320)


def test_texts_begin_with_the_start_token_and_end_where_they_are_too_long(tokenizer):
    whole = tokenizer.encode(TEXTS[2]).ids
    rows = Reader(tokenizer, longest=4, start=BOS).read(TEXTS)
    assert rows[1].tokens.tolist() == [BOS]
    assert rows[2].tokens.tolist() == [BOS, *whole[:3]]
    assert [len(row.ngrams) for row in rows] == [0, 0, 0]


def test_an_empty_text_is_still_a_row(tokenizer):
    assert Reader(tokenizer, longest=4).read([""])[0].tokens.tolist() == [PAD]


def row(tokens: list[int], ngrams: list[int]) -> Row:
    return Row(np.array(tokens, np.int32), np.array(ngrams, np.int32))


def test_padding_lies_behind():
    rows = side_by_side([row([5, 6], []), row([7], [1, 2, 3])])
    assert rows.tokens.tolist() == [[5, 6], [7, PAD]]
    assert rows.ngrams.tolist() == [[0, 0, 0], [1, 2, 3]]
    assert side_by_side([]).tokens.shape == (0, 0)


def test_a_reader_reads_the_same_when_it_is_loaded(tokenizer, tmp_path):
    reader = Reader(tokenizer, 7, BOS, buckets=60)
    reader.save(tmp_path)
    loaded = Reader.load(tmp_path)
    assert (loaded.longest, loaded.start, loaded.segmentation, loaded.buckets) == (7, BOS, None, 60)
    for there, here in zip(loaded.read(TEXTS), reader.read(TEXTS), strict=True):
        assert there.tokens.tolist() == here.tokens.tolist()
        assert there.ngrams.tolist() == here.ngrams.tolist()
    assert len(reader.read(TEXTS)[0].ngrams) > 3


@pytest.mark.parametrize("file", ["tokenizer.json", "reader.json"])
def test_a_damaged_folder_is_named(tokenizer, tmp_path, file):
    Reader(tokenizer, 7).save(tmp_path)
    (tmp_path / file).write_text("{", encoding="utf-8")
    with pytest.raises(StudyError, match=f"{tmp_path.name}: .*cannot be read"):
        Reader.load(tmp_path)


BUCKETS = 3 * 2**20  # so many that few share a number


def test_what_a_text_holds_by_hand():
    (found,) = ngrams(["So so"], BUCKETS)
    words = {"so", "so so"}
    characters = {" s", "so", "o ", " so", "so ", " so "}
    assert (found <= BUCKETS // 3).sum() == len(words)
    assert (found > BUCKETS // 3).sum() == len(characters)
    assert (np.diff(found) > 0).all()


def test_texts_share_what_they_have_in_common_and_stay_apart_otherwise():
    good, better, other = (set(row.tolist()) for row in ngrams(["good film", "Good!", "电影"], BUCKETS))
    assert good & better
    assert not good & other
    assert not better & other


def test_numbers_begin_at_one_and_fit():
    rows = ngrams(["a good film about nothing", "", "!"], 30)
    assert [len(row) for row in rows][1] == 0
    assert min(row.min() for row in rows if len(row)) >= 1
    assert max(row.max() for row in rows if len(row)) <= 30
    assert ngrams([], 30) == []


def test_rarity():
    rows = [np.array([1, 2], np.int32), np.array([2], np.int32)]
    assert np.allclose(rarity(rows, 3), [0, math.log(3 / 2) + 1, 1, math.log(3) + 1])
