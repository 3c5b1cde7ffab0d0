"""Kinds of tokens, units of perplexity, and a rare class: small cases with answers known by hand."""

import keyword

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import confusion_matrix, f1_score, precision_recall_curve

from lmstudy.chapters.metrics import detector as metric_detector
from lmstudy.chapters.metrics import figures as metric_figures
from lmstudy.chapters.metrics import kinds as metric_kinds
from lmstudy.chapters.metrics import units as metric_units
from lmstudy.chapters.metrics.kinds import KINDS, kind
from lmstudy.chapters.metrics.models import Predictions
from lmstudy.data.tokenizer import SPECIAL_TOKENS, encode, token_bytes, train
from lmstudy.errors import StudyError
from lmstudy.evaluation.kneser_ney import KneserNey

TEXTS = [f"def f{i}(x):\n    return 'a{i}' + x if x else None\n" for i in range(40)] + ["# 编程 is fun\nx = 1\n"] * 3


@pytest.fixture(scope="module")
def tokenizer():
    return train(TEXTS, 340)


@pytest.fixture
def predictions(tokenizer):
    vocabulary = tokenizer.get_vocab_size()
    rng = np.random.default_rng(0)
    tokens = np.concatenate(encode(tokenizer, [[text] for text in TEXTS])[0])
    target = np.append(tokens, vocabulary).astype(np.int64)
    guess = np.where(rng.random(len(target)) < 0.5, target, rng.permutation(target))
    chance = rng.uniform(0.05, 0.95, len(target))
    return Predictions(target, guess, chance, chance, np.zeros(len(target), int), vocabulary + 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" return", "keyword"),
        (" returns", "word"),
        ("_", "word"),
        (" x1", "word"),
        ("7", "number"),
        ("):\n", "line end"),
        ("   \n", "line end"),
        ("    ", "white space"),
        ("({", "bracket"),
        ("('", "quotation mark"),
        (" +=", "other symbol"),
        ("编程", "word"),
        ("，", "other symbol"),
        ("“", "quotation mark"),
        ("\ufffd", "part of a character"),
    ],
)
def test_the_kind_of_a_token(text, expected):
    assert kind(text, keywords=True) == expected
    assert kind(text, keywords=False) == ("word" if expected == "keyword" else expected)


def test_every_keyword_is_one_and_every_token_has_a_kind(tokenizer):
    assert {kind(f" {word}", True) for word in keyword.kwlist} == {"keyword"}
    kinds = metric_kinds.vocabulary_kinds(tokenizer, keywords=True)
    assert kinds.shape == (tokenizer.get_vocab_size() + 1,)
    assert KINDS[kinds[-1]] == metric_kinds.END
    assert {KINDS[i] for i in kinds[: len(SPECIAL_TOKENS)]} == {metric_kinds.END}
    assert KINDS[kinds[tokenizer.encode("return").ids[0]]] == "keyword" or len(tokenizer.encode("return").ids) > 1
    assert KINDS[kinds[tokenizer.encode("\n").ids[0]]] == "line end"


def test_the_confusion_matrix_and_its_scores_agree_with_scikit_learn(tokenizer, predictions):
    kinds = metric_kinds.vocabulary_kinds(tokenizer, keywords=True)
    counts = metric_kinds.confusion(predictions, kinds)
    target, guess = kinds[predictions.target], kinds[predictions.guess]
    numbers = [KINDS.index(name) for name in counts.index]
    assert (counts.to_numpy() == confusion_matrix(target, guess, labels=numbers)).all()
    scores = metric_kinds.per_kind(predictions, kinds)
    for name, average in (("macro (kinds alike)", "macro"), ("weighted (by what came)", "weighted")):
        expected = f1_score(target, guess, average=average, zero_division=0)
        assert scores.loc[name, "F1"] == pytest.approx(expected)
    micro = scores.loc["micro (all together)", ["precision", "recall", "F1"]]
    assert micro.tolist() == pytest.approx([np.mean(target == guess)] * 3)
    drawn = [text.get_text() for text in metric_figures.confusion(counts).axes[0].texts]
    assert drawn == [f"{count:,}" if count else "·" for count in counts.to_numpy().ravel()]


def test_a_kind_never_guessed_has_no_precision(tokenizer, predictions):
    kinds = metric_kinds.vocabulary_kinds(tokenizer, keywords=True)
    none = Predictions(**{**vars(predictions), "guess": np.full_like(predictions.guess, predictions.outcomes - 1)})
    row = metric_kinds.per_kind(none, kinds).loc["word"]
    assert np.isnan(row["precision"])
    assert (row["recall"], row["F1"], row["guessed"]) == (0, 0, 0)


def test_costs_add_up_to_the_whole(tokenizer, predictions):
    kinds, sizes = metric_kinds.vocabulary_kinds(tokenizer, keywords=True), token_bytes(tokenizer)
    costs = metric_kinds.cost_by_kind(predictions, kinds, sizes)
    for share in ("share of places", "share of bytes", "share of bits"):
        assert costs[share].sum() == pytest.approx(1)
    size = sum(len(text.encode()) for text in TEXTS)
    total = (costs["bits per byte"] * costs["share of bytes"]).sum() * size
    end = costs.loc[metric_kinds.END, "share of bits"] * predictions.bits.sum()
    assert total + end == pytest.approx(predictions.bits.sum())
    assert np.isnan(costs.loc[metric_kinds.END, "bits per byte"])
    drawn = metric_figures.costs(costs).axes[0]
    assert next(label.get_text() for label in drawn.get_yticklabels()) == costs["share of bytes"].idxmax()


def test_perplexity_has_as_many_values_as_units():
    table = metric_units.perplexities(["ab c\n", "编\n"], bits=40, tokens=8)
    assert table["units"].to_dict() == {"byte": 9, "character": 7, "token": 8, "word (between blanks)": 3, "line": 2}
    assert table.loc["token", "perplexity"] == pytest.approx(32)
    assert (table["bits a unit"] * table["units"]).tolist() == pytest.approx([40] * 5)


def test_vocabularies_change_the_perplexity_and_bits_per_byte_are_of_the_text():
    table = metric_units.by_vocabulary(TEXTS[:30], TEXTS[30:40], (300, 312), (1, 2))
    assert table[["vocabulary", "order"]].to_numpy().tolist() == [[300, 1], [300, 2], [312, 1], [312, 2]]
    tokenizer = train(TEXTS[:30], 312)
    seen, others = (encode(tokenizer, [[text] for text in some])[0] for some in (TEXTS[:30], TEXTS[30:40]))
    model = KneserNey(2, 312).fit(np.concatenate(seen), np.cumsum([0, *map(len, seen)]))
    bits = model.bits(np.concatenate(others), np.cumsum([0, *map(len, others)])).sum()
    tokens = sum(map(len, others))
    size = sum(len(text.encode()) for text in TEXTS[30:40])
    last = table.iloc[-1]
    assert last.bits_per_byte == pytest.approx(bits / size)
    assert last.perplexity == pytest.approx(2 ** (bits / (tokens + 10)))
    assert last.bytes_per_token == pytest.approx(size / tokens)
    left, right = metric_figures.vocabularies(table).axes
    assert list(left.lines[0].get_ydata()) == table[table.order == 1].perplexity.tolist()
    assert list(right.lines[1].get_ydata()) == table[table.order == 2].bits_per_byte.tolist()


def test_python_is_told_from_words_that_happen_to_parse():
    assert metric_detector.is_python(["def f():\n    pass\n", "x = 1\n", "not python at all"])
    assert not metric_detector.is_python(["很好", "好", "x = 1\n", "hello"])


@pytest.fixture(scope="module")
def detection():
    good = "def f(a):\n    return a + 1\n"
    bad = "def f(a):\n    return a+1 \n"
    return metric_detector.detect([good, good, bad] * 30, [good, bad, good, good], documents=30)


def test_a_detector_finds_a_violation_that_characters_show(detection):
    assert detection.lines.texts[3] == "    return a+1 \n"
    assert detection.lines.bad.tolist() == [False, False, False, True] + [False] * 4
    answers = detection.answers
    assert answers["best F1"].tolist() == detection.lines.bad.tolist()
    assert answers["always"].all()
    assert not answers["never"].any()
    with pytest.raises(StudyError, match="one class"):
        metric_detector.detect(["x = 1\n"] * 10, ["x = 1\n"])


def test_verdicts_are_the_counts_by_hand_and_nothing_flagged_has_no_precision():
    bad = np.array([True, True, False, False, False, False, False, False, False, False])
    said = np.array([True, False, True, False, False, False, False, False, False, False])
    table = metric_detector.verdicts(bad, {"some": said, "never": np.zeros(10, bool), "always": np.ones(10, bool)})
    assert table.loc["some"].tolist() == pytest.approx([2, 0.8, 0.5, 0.5, 0.5])
    assert table.loc["never"].fillna(-1).tolist() == pytest.approx([0, 0.8, -1, 0, 0])
    assert table.loc["always"].tolist() == pytest.approx([10, 0.2, 0.2, 1, 1 / 3])
    assert metric_detector.rate(table.loc["never", "precision"]) == "0 of 0"
    half = metric_detector.balanced(bad, seed=0)
    assert (len(half), bad[half].mean()) == (4, 0.5)
    again = metric_detector.verdicts(bad[half], {"always": np.ones(4, bool)})
    assert again.loc["always", "F1"] == pytest.approx(2 / 3)  # more bad lines, and the same answers


def test_the_curve_agrees_with_scikit_learn_and_its_accuracy_with_counting():
    rng = np.random.default_rng(0)
    bad = rng.random(300) < 0.1
    score = np.round(np.clip(0.3 * bad + rng.random(300) * 0.7, 0, 1), 2)
    found = metric_detector.curve(bad, score)
    precision, recall, cuts = precision_recall_curve(bad, score)
    expected = pd.DataFrame({"threshold": cuts, "precision": precision[:-1], "recall": recall[:-1]})
    shown = expected[(expected.threshold >= found.threshold.min()) & (expected.recall > 0)]
    assert found[["precision", "recall"]].to_numpy() == pytest.approx(
        shown[["precision", "recall"]].to_numpy(), abs=1e-6
    )
    for row in found.iloc[::20].itertuples():
        assert row.accuracy == pytest.approx(((score >= row.threshold) == bad).mean(), abs=1e-6)
    cuts = metric_detector.thresholds(bad, score, 0.8)
    assert ((score >= cuts["recall 0.8"]) & bad).sum() / bad.sum() >= 0.8
    best = max(f1_score(bad, score >= cut) for cut in np.unique(score))
    assert f1_score(bad, score >= cuts["best F1"]) == pytest.approx(best)
    with pytest.raises(StudyError, match="none of 3 lines"):
        metric_detector.thresholds(np.zeros(3, bool), score[:3], 0.8)


def test_the_detector_figure_marks_thresholds_and_not_the_trivial_answers(detection):
    bad = detection.lines.bad
    verdicts = metric_detector.verdicts(bad, detection.answers)
    figure = metric_figures.detector(metric_detector.curve(bad, detection.score), verdicts, bad.mean())
    texts = {text.get_text() for text in figure.axes[0].texts}
    assert {"best F1", "recall 0.9"} <= texts
    assert not {"never", "always"} & texts
    plt.close("all")
