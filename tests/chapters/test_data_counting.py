"""Methods that count, with and without stop words; duplicates that leak; Chinese in words and in byte pairs."""

import datasets
import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import f1_score
from sklearn.preprocessing import FunctionTransformer

from lmstudy.chapters.data import chinese, counting
from lmstudy.data.corpus import Corpus
from lmstudy.data.documents import Document
from lmstudy.data.tokenizer import train
from lmstudy.errors import StudyError

NAMES = list(counting.methods())


def task(count=120, noise="the and of is"):
    """Texts of two labels: one word tells which, among many stop words that do not."""
    rng = np.random.default_rng(0)
    labels = rng.choice(["a", "b"], count)
    texts = [" ".join([*rng.choice(noise.split(), 30), "apple" if label == "a" else "banana"]) for label in labels]
    return counting.labelled(texts, labels.tolist(), [f"{i // 2}" for i in range(count)], str.split)


def test_stop_words_hide_a_topic_from_a_method_that_cannot_weigh_words():
    table = counting.with_and_without(task(), "en")
    nearest, learned = NAMES[0], NAMES[-1]
    assert table.loc[f"{nearest}, no stop words", "accuracy"] == 1
    assert table.loc[f"{nearest}, all words", "accuracy"] < 0.98
    assert table.loc[f"{learned}, all words", "accuracy"] == 1
    change = table.loc[f"{learned}, no stop words", counting.CHANGE]
    assert (change.value, change.low, change.high) == (0, 0, 0)
    assert f"- {learned}: 0.0 (no spread) on fruit" in counting.in_words({"fruit": table})


def test_no_unit_is_learned_from_and_asked_about():
    seen = []

    class Model(DummyClassifier):
        def fit(self, x, y):
            seen.append(x)
            return super().fit(x, y)

        def predict(self, x):
            assert not {tuple(text) for text in x} & {tuple(text) for text in seen[-1]}
            return super().predict(x)

    data = counting.labelled(["u1"] * 4 + ["u2"] * 4 + ["u3"] * 4, ["a"] * 12, list("111122223333"), str.split)
    assert counting.predictions(data, frozenset(), lambda **_: FunctionTransformer(), Model).tolist() == ["a"] * 12
    assert len(seen) == counting.FOLDS


def test_differences_are_paired_and_their_scores_are_scikit_learn_s():
    data = task()
    wrong = np.where(np.arange(120) % 10 == 0, np.where(data.labels == "a", "b", "a"), data.labels)
    accuracy, f1 = counting.changes(data, wrong, data.labels).values()
    assert accuracy.value == pytest.approx(10)
    assert 0 < accuracy.low < 10 < accuracy.high < 20
    assert f1.value == pytest.approx(100 * (1 - f1_score(data.labels, wrong, average="macro")))


def test_only_words_count_in_lower_case():
    data = counting.labelled(["Not a_Word , 好!"], ["x"], ["u"], str.split)
    assert data.words == [["not", "a_word", "好!"]]


def reviews(copies):
    """Texts of made-up words, so that nothing can be learned but the texts themselves; each in so many copies."""
    rng = np.random.default_rng(3)
    texts = [" ".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), 9)) for _ in range(150)]
    labels = rng.choice(["pos", "neg"], 150)
    return [
        Document(text, (text,), "s", label, f"{number} {copy}")
        for number, (text, label) in enumerate(zip(texts, labels, strict=True))
        for copy in range(copies if number % 2 else 1)
    ]


def test_a_test_with_copies_measures_memory():
    found = counting.leak(reviews(4), str, str.split, seed=1)
    assert 0.5 < found.copies.value < 0.9
    assert found.seen.value > found.new.value + 0.2  # of what is new, nothing can be known
    assert found.seen.n + found.new.n == found.everything.n == found.copies.n == len(reviews(4)) // 5
    right = found.seen.value * found.seen.n + found.new.value * found.new.n
    assert found.everything.value == pytest.approx(right / found.everything.n)
    with pytest.raises(StudyError, match="0 are in the training part"):
        counting.leak(reviews(1), str, str.split, seed=1)


TRAINING = ["这本书不错", "这本书很好", "质量不错", "东西不错", "书很好看"] * 4
HELD_OUT = ["这本书很不错", "质量很差"]


def corpus(segmentation=None):
    texts = {"train": TRAINING, "valid": HELD_OUT}
    splits = {name: datasets.Dataset.from_dict({"text": own}) for name, own in texts.items()}
    tokenizer = train(TRAINING, 310, segmentation)
    made = Corpus("0", tokenizer, splits, {}, segmentation)
    size = {
        "characters": sum(map(len, HELD_OUT)),
        "bytes": sum(len(text.encode()) for text in HELD_OUT),
        "tokens": sum(len(made.encode(text)) for text in HELD_OUT),
    }
    made.report.update({"splits": {"valid": size}, "tokenizer": {"vocab_size": tokenizer.get_vocab_size()}})
    return made


def test_tokens_are_shown_as_characters_or_as_bytes():
    made = corpus()
    assert "".join(chinese.pieces_of(made, "不错")) == "不错"
    rare = "".join(chinese.pieces_of(made, "鱻"))
    assert bytes.fromhex(rare.replace("‹", "").replace("›", " ")) == "鱻".encode()


def test_one_text_is_cut_by_all():
    both = {"pairs": corpus(), "within words": corpus("jieba")}
    text = chinese.cut_differently(both, (4, 6))
    assert text in HELD_OUT
    shown = chinese.cuts(text, both)
    assert shown.count(text[0]) >= 3
    assert shown.startswith("words (jieba), ")
    table = chinese.unit_table(both)
    assert table.loc["characters", ["units", "bytes a unit"]].tolist() == [10, 3]
    tokens = both["pairs"].report["splits"]["valid"]["tokens"]
    assert table.loc["pairs", "units a character"] == tokens / 10
    with pytest.raises(StudyError, match="no review of the valid split has 90 to 99 characters"):
        chinese.cut_differently(both, (90, 99))


def test_unknown_words_are_shares_of_words_and_of_reviews():
    found = chinese.unknown_words(corpus(), [1, 1000])
    reviews, words = found[chinese.REVIEWS], found[chinese.WORDS]
    assert reviews[1].value == 100
    assert reviews[max(reviews)].value == 50  # 差 was never met
    assert reviews[1].low < 100
    assert 0 < words[max(words)].value < words[1].value < 100


def test_copies_and_order_of_a_collection():
    made = [Document(text, (text,), "s", "p", str(i)) for i, text in enumerate(["a  b", "c", "a b"])]
    assert chinese.most_repeated(made) == ("a b", 2)
    assert chinese.share_of_label(["pos"] * 6 + ["neg"] * 4, "pos", last=0.5) == (0.6, 0.2)
