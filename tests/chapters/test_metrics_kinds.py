"""Kinds of tokens, units of perplexity, and a rare class: small cases with answers known by hand."""

import keyword

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.metrics import f1_score

from lmstudy.chapters.metrics import perplexity_units, style_detector, token_kinds
from lmstudy.chapters.metrics.next_token import Predictions
from lmstudy.chapters.metrics.token_kinds import KINDS, kind
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


KIND_OF = {
    "keyword": [" return"],
    "word": [" returns", "_", " x1", "编程"],
    "number": ["7"],
    "line end": ["):\n", "   \n"],
    "white space": ["    "],
    "bracket": ["({"],
    "quotation mark": ["('", "“"],
    "other symbol": [" +=", "，"],
    "part of a character": ["\ufffd"],
}


@pytest.mark.parametrize(("expected", "text"), [(name, text) for name, texts in KIND_OF.items() for text in texts])
def test_the_kind_of_a_token(expected, text):
    assert kind(text, keywords=True) == expected
    assert kind(text, keywords=False) == ("word" if expected == "keyword" else expected)


def test_every_keyword_is_one_and_every_token_has_a_kind(tokenizer):
    assert {kind(f" {word}", True) for word in keyword.kwlist} == {"keyword"}
    kinds = token_kinds.vocabulary_kinds(tokenizer, keywords=True)
    assert kinds.shape == (tokenizer.get_vocab_size() + 1,)
    assert {KINDS[i] for i in [*kinds[: len(SPECIAL_TOKENS)], kinds[-1]]} == {token_kinds.END}
    assert KINDS[kinds[tokenizer.encode("\n").ids[0]]] == "line end"


def test_scores_of_kinds_follow_from_their_confusion_matrix(tokenizer, predictions):
    kinds = token_kinds.vocabulary_kinds(tokenizer, keywords=True)
    counts = token_kinds.confusion(predictions, kinds)
    target, guess = kinds[predictions.target], kinds[predictions.guess]
    word, key = KINDS.index("word"), KINDS.index("keyword")
    assert counts.loc["word", "keyword"] == ((target == word) & (guess == key)).sum()
    assert counts.to_numpy().sum() == len(target)
    scores = token_kinds.per_kind(predictions, kinds)
    assert scores.loc["word", "precision"] == pytest.approx((target[guess == word] == word).mean())
    for name, average in (("macro (kinds alike)", "macro"), ("weighted (by frequency)", "weighted")):
        assert scores.loc[name, "F1"] == pytest.approx(f1_score(target, guess, average=average, zero_division=0))
    micro = scores.loc["micro (all together)", ["precision", "recall", "F1"]]
    assert micro.tolist() == pytest.approx([np.mean(target == guess)] * 3)
    assert token_kinds.confusion_figure(counts).axes[0].images[0].get_array().max() <= 1  # shares of a row


def test_a_kind_never_guessed_has_no_precision(tokenizer, predictions):
    kinds = token_kinds.vocabulary_kinds(tokenizer, keywords=True)
    none = Predictions(**{**vars(predictions), "guess": np.full_like(predictions.guess, predictions.outcomes - 1)})
    row = token_kinds.per_kind(none, kinds).loc["word"]
    assert np.isnan(row["precision"])
    assert (row["recall"], row["F1"], row["guessed"]) == (0, 0, 0)


def test_costs_add_up_to_the_whole(tokenizer, predictions):
    kinds, sizes = token_kinds.vocabulary_kinds(tokenizer, keywords=True), token_bytes(tokenizer)
    costs = token_kinds.cost_by_kind(predictions, kinds, sizes)
    for share in ("share of places", "share of bytes", "share of bits"):
        assert costs[share].sum() == pytest.approx(1)
    size = sum(len(text.encode()) for text in TEXTS)
    total = (costs["bits per byte"] * costs["share of bytes"]).sum() * size
    end = costs.loc[token_kinds.END, "share of bits"] * predictions.bits.sum()
    assert total + end == pytest.approx(predictions.bits.sum())
    assert np.isnan(costs.loc[token_kinds.END, "bits per byte"])
    drawn = token_kinds.costs_figure(costs).axes[0]
    assert drawn.get_yticklabels()[0].get_text().startswith(costs["share of bytes"].idxmax())


def test_perplexity_has_as_many_values_as_units():
    table = perplexity_units.perplexities(["ab c\n", "编\n"], bits=40, tokens=8)
    assert table["units"].to_dict() == {"byte": 9, "character": 7, "token": 8, "word (between blanks)": 3, "line": 2}
    assert table.loc["token", "perplexity"] == pytest.approx(32)
    assert (table["bits a unit"] * table["units"]).tolist() == pytest.approx([40] * 5)
    assert [perplexity_units.plain(x) for x in (39.123, 910592.4, 2.0**71)] == ["39.12", "910,592", "2⁷¹"]


def test_vocabularies_change_the_perplexity_and_bits_per_byte_are_of_the_text():
    table = perplexity_units.by_vocabulary(TEXTS[:30], TEXTS[30:40], (300, 312), (1, 2))
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
    left, right = perplexity_units.vocabularies_figure(table).axes
    assert left.lines[0].get_ydata() == pytest.approx(table[table.order == 1].perplexity.to_numpy())
    assert right.lines[1].get_ydata() == pytest.approx(table[table.order == 2].bits_per_byte.to_numpy())


def test_python_is_told_from_words_that_happen_to_parse():
    assert style_detector.is_python(["def f():\n    pass\n", "x = 1\n", "not python at all"])
    assert not style_detector.is_python(["很好", "好", "x = 1\n", "hello"])


@pytest.fixture(scope="module")
def detection():
    good = "def f(a):\n    return a + 1\n"
    bad = "def f(a):\n    return a+1 \n"
    return style_detector.detect([good, good, bad] * 30, [good, bad, good, good], documents=30)


def test_a_detector_finds_a_violation_that_characters_show(detection):
    assert detection.lines.texts[3] == "    return a+1 \n"
    assert detection.lines.bad.tolist() == [False, False, False, True] + [False] * 4
    answers = detection.answers
    assert answers["best F1"].tolist() == detection.lines.bad.tolist()
    assert answers["always"].all()
    assert not answers["never"].any()
    with pytest.raises(StudyError, match="one class"):
        style_detector.detect(["x = 1\n"] * 10, ["x = 1\n"])


def test_verdicts_are_the_counts_by_hand_and_nothing_flagged_has_no_precision():
    bad = np.array([True, True, False, False, False, False, False, False, False, False])
    said = np.array([True, False, True, False, False, False, False, False, False, False])
    table = style_detector.verdicts(bad, {"some": said, "never": np.zeros(10, bool), "always": np.ones(10, bool)})
    assert table.loc["some"].tolist() == pytest.approx([2, 0.8, 0.5, 0.5, 0.5])
    assert table.loc["never"].fillna(-1).tolist() == pytest.approx([0, 0.8, -1, 0, 0])
    assert table.loc["always"].tolist() == pytest.approx([10, 0.2, 0.2, 1, 1 / 3])
    half = style_detector.balanced(bad, seed=0)
    assert (len(half), bad[half].mean()) == (4, 0.5)
    again = style_detector.verdicts(bad[half], {"always": np.ones(4, bool)})
    assert again.loc["always", "F1"] == pytest.approx(2 / 3)  # more bad lines, and the same answers


def test_the_curve_counts_and_thresholds_keep_what_they_promise():
    rng = np.random.default_rng(0)
    bad = rng.random(300) < 0.1
    score = np.round(np.clip(0.3 * bad + rng.random(300) * 0.7, 0, 1), 2)
    for row in style_detector.curve(bad, score).iloc[::20].itertuples():
        said = score >= row.threshold
        counted = [(said & bad).sum() / said.sum(), (said & bad).sum() / bad.sum(), (said == bad).mean()]
        assert [row.precision, row.recall, row.accuracy] == pytest.approx(counted)
    cuts = style_detector.thresholds(bad, score, 0.8)
    assert ((score >= cuts["recall 0.8"]) & bad).sum() / bad.sum() >= 0.8
    best = max(f1_score(bad, score >= cut) for cut in np.unique(score))
    assert f1_score(bad, score >= cuts["best F1"]) == pytest.approx(best)
    with pytest.raises(StudyError, match="none of 3 lines"):
        style_detector.thresholds(np.zeros(3, bool), score[:3], 0.8)


def test_the_detector_figure_marks_thresholds_and_not_the_trivial_answers(detection):
    bad = detection.lines.bad
    verdicts = style_detector.verdicts(bad, detection.answers)
    figure = style_detector.detector_figure(style_detector.curve(bad, detection.score), verdicts, bad.mean())
    texts = {text.get_text() for text in figure.axes[0].texts}
    assert {"best F1", "recall 0.9"} <= texts
    assert not {"never", "always"} & texts
    plt.close("all")
