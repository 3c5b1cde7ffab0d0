"""The chapter on evaluation says what it says because of these numbers."""

import math

import datasets
import numpy as np
import pytest

from lmstudy.chapters.metrics import accuracy_intervals, calibration, class_averages, next_token
from lmstudy.chapters.metrics.next_token import NextToken, Predictions
from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import seed_interval


def made_up(n=600, outcomes=7, seed=0) -> Predictions:
    """Answers that are often right, in 20 documents of 30 places."""
    rng = np.random.default_rng(seed)
    target = rng.zipf(1.6, n) % outcomes
    guess = np.where(rng.random(n) < 0.6, target, rng.integers(0, outcomes, n))
    confidence = rng.uniform(1 / outcomes, 1, n)
    chance = np.where(guess == target, confidence, (1 - confidence) * rng.uniform(0.1, 0.9, n))
    return Predictions(target, guess, chance, confidence, np.repeat(np.arange(n // 30), 30), outcomes)


@pytest.fixture
def split():
    """40 documents of 1 to 40 tokens, four to a file."""
    return datasets.Dataset.from_dict(
        {
            "id": [str(i) for i in range(40)],
            "text": [f"document {i}" for i in range(40)],
            "source": ["package"] * 40,
            "path": [f"file{i // 4}.py" for i in range(40)],
            "tokens": [np.arange(i + 1, dtype=np.int32) for i in range(40)],
            "starts": [np.zeros(1, dtype=np.int32)] * 40,
        }
    )


@pytest.mark.parametrize("order", [1, 2, 4])
def test_all_places_at_once_are_what_one_distribution_after_the_other_says(order):
    rng = np.random.default_rng(1)
    documents = [rng.integers(0, 5, rng.integers(0, 12)) for _ in range(30)]
    offsets = np.cumsum([0, *map(len, documents)])
    model = NextToken(order, 6).fit(np.concatenate(documents), offsets)
    seen = [*documents[:4], np.array([5, 5, 0, 5]), np.array([], dtype=int)]  # 5 was never counted
    edges = np.cumsum([0, *map(len, seen)])
    found = model.predict(np.concatenate(seen), edges, block=7)  # several blocks, the last one short
    expected = [
        (number, target, model.distribution(document[max(0, i - order + 1) : i]))
        for number, document in enumerate(seen)
        for i, target in enumerate([*document, 6])
    ]
    assert found.document.tolist() == [number for number, _, _ in expected]
    assert found.target.tolist() == [target for _, target, _ in expected]
    assert found.chance == pytest.approx([p[target] for _, target, p in expected], rel=1e-12)
    assert found.confidence == pytest.approx([p.max() for _, _, p in expected], rel=1e-12)
    guessed = [p[guess] for guess, (_, _, p) in zip(found.guess, expected, strict=True)]
    assert guessed == pytest.approx(found.confidence, rel=1e-12)
    bits = np.bincount(found.document, weights=found.bits)
    assert bits == pytest.approx(model.bits(np.concatenate(seen), edges))


def test_five_averages_are_accuracy_and_the_others_are_means_over_classes():
    p = made_up()
    row = class_averages.averages({"it": p}).loc["it"]
    for name in ("accuracy", "micro precision", "micro recall", "micro F1", "weighted recall"):
        assert row[name] == pytest.approx(p.right.mean())
    recalls = [(p.guess[p.target == c] == c).mean() for c in np.unique(p.target)]
    assert row["macro recall"] == pytest.approx(np.mean(recalls))
    precisions = [(p.target[p.guess == c] == c).mean() for c in np.unique(p.guess)]
    assert row["macro precision"] == pytest.approx(np.mean(precisions))


def test_a_class_only_guessed_counts_in_macro_averages_and_one_that_never_occurs_does_not():
    chance = np.full(4, 0.5)
    p = Predictions(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 2]), chance, chance, np.zeros(4, int), 100)
    row = class_averages.averages({"it": p}).loc["it"]
    assert row["macro recall"] == pytest.approx((1 + 0.5 + 0) / 3)
    rare = class_averages.rare_classes(p, 1)
    assert rare == {"classes": 3, "never_came": pytest.approx(1 / 3), "rare": pytest.approx(1 / 3), "places": 0}


def test_running_shares_rise_to_one_in_order_of_frequency():
    p = made_up()
    ranks = class_averages.by_rank(p)
    assert ranks[["tokens", "right"]].iloc[-1].tolist() == pytest.approx([1, 1])
    steps = np.diff(ranks["tokens"], prepend=0)
    assert (np.diff(steps) <= 1e-12).all()
    top = ranks["token"].iloc[0]
    assert steps[0] == pytest.approx((p.target == top).mean())
    assert ranks["right"].iloc[0] == pytest.approx((p.target[p.right] == top).mean())
    drawn = class_averages.running_shares_figure(ranks).axes[0]
    assert drawn.lines[0].get_ydata()[-1] == pytest.approx(1)
    assert drawn.lines[0].get_ydata()[0] == ranks["right"].iloc[0]


@pytest.mark.parametrize("change", [calibration.underconfident, calibration.overconfident])
def test_mixtures_keep_every_guess_and_are_mixtures_of_distributions(change):
    rng = np.random.default_rng(3)
    whole = rng.dirichlet(np.ones(9), size=50)
    target, rows = rng.integers(0, 9, 50), np.arange(50)
    p = Predictions(target, whole.argmax(1), whole[rows, target], whole.max(1), rows, 9)
    other = np.full((50, 9), 1 / 9) if change is calibration.underconfident else np.eye(9)[whole.argmax(1)]
    mixed = 0.7 * whole + 0.3 * other
    found = change(p, 0.3)
    assert (mixed.argmax(1) == found.guess).all()
    assert found.chance == pytest.approx(mixed[rows, target])
    assert found.confidence == pytest.approx(mixed.max(1))
    assert change(p, 0.0).chance == pytest.approx(p.chance)
    with pytest.raises(StudyError, match="share=1"):
        change(p, 1)


def test_equal_answers_differ_in_perplexity_and_calibration():
    p = made_up()
    table = calibration.same_answers(
        {
            "it": p,
            "underconfident": calibration.underconfident(p, 0.8),
            "overconfident": calibration.overconfident(p, 0.8),
        }
    )
    assert table["accuracy"].nunique() == 1
    assert table["perplexity"].to_numpy() == pytest.approx(2 ** table["loss (bits a token)"].to_numpy())
    assert table.loc["underconfident", "mean confidence"] < table.loc["it", "mean confidence"]
    assert table.loc["it", "mean confidence"] < table.loc["overconfident", "mean confidence"]
    assert table.loc["it", "perplexity"] == pytest.approx(math.exp(-np.log(p.chance).mean()))


def test_calibration_error_is_the_mean_distance_of_the_bins_from_the_diagonal():
    p = made_up()
    bins = calibration.reliability(p)
    assert sum(share.n for share in bins.values()) == len(p.target)
    expected = sum(share.n * abs(share.value - confidence) for confidence, share in bins.items()) / len(p.target)
    assert calibration.calibration_error(p) == pytest.approx(expected, abs=1e-5)
    assert all(share.low <= share.value <= share.high for share in bins.values())
    drawn = calibration.reliability_figure({"it": bins}).axes[0]
    assert list(drawn.lines[1].get_ydata()) == [share.value for share in bins.values()]


def test_a_model_that_always_says_what_is_true_on_average_is_calibrated_and_knows_nothing():
    target = np.array([0] * 30 + [1] * 70)
    share = np.full(100, 0.7)
    p = Predictions(target, np.ones(100, int), np.where(target == 1, 0.7, 0.3), share, np.zeros(100, int), 2)
    assert calibration.calibration_error(p) == pytest.approx(0, abs=1e-6)
    assert class_averages.averages({"it": p}).loc["it", "macro recall"] == pytest.approx(0.5)


def test_intervals_widen_where_answers_of_a_document_go_together():
    documents, length = 40, 25
    document = np.repeat(np.arange(documents), length)
    right = np.repeat(np.arange(documents) % 2, length)  # all of a document, or nothing of it
    files = [f"f{number // 4}" for number in range(documents)]
    target = np.ones(documents * length, int)
    chance = np.full(len(target), 0.5)
    p = Predictions(target, right, chance, chance, document, 2)
    found = accuracy_intervals.accuracy(p, files)
    assert {name: estimate.n for name, estimate in found.items()} == {"tokens": 1000, "documents": 40, "files": 10}
    assert all(estimate.value == pytest.approx(0.5) for estimate in found.values())
    by_document = seed_interval(right[::length].astype(float))
    assert found["documents"].high == pytest.approx(by_document.high, rel=0.02)
    table = accuracy_intervals.interval_table({"accuracy": found})
    assert table.loc["documents", "design effect"] == pytest.approx(length, rel=0.15)
    assert found["files"].high - 0.5 < 1e-9  # every file holds as many of either
    few = accuracy_intervals.accuracy(p, ["pos.txt", "neg.txt"] * 20)
    assert list(few) == ["tokens", "documents"]


def test_a_difference_is_paired_and_of_the_same_places():
    a, b = made_up(), made_up(seed=0)
    files = [str(number) for number in range(20)]
    same = accuracy_intervals.difference(a, b, files)
    assert all((e.value, e.low, e.high) == (0, 0, 0) for e in same.values())
    worse = Predictions(a.target, (a.target + 1) % 7, a.chance, a.confidence, a.document, 7)
    gain = accuracy_intervals.difference(a, worse, files)
    assert gain["documents"].value == pytest.approx(a.right.mean())
    assert gain["documents"].n == 20
    with pytest.raises(StudyError, match="same documents"):
        accuracy_intervals.difference(a, made_up(seed=1), files)


def test_documents_are_drawn_by_seed_with_their_texts_tokens_and_files(split):
    sample = next_token.draw_documents(split, 5, seed=3)
    assert len(sample.texts) == len(sample.files) == len(sample.offsets) - 1 == 5
    known = {row["text"]: row for row in split}
    for i, text in enumerate(sample.texts):
        row = known[text]
        assert sample.tokens[sample.offsets[i] : sample.offsets[i + 1]].tolist() == row["tokens"]
        assert sample.files[i] == f"{row['source']}/{row['path']}"
    assert next_token.draw_documents(split, 5, seed=3).texts == sample.texts
    assert next_token.draw_documents(split, 5, seed=4).texts != sample.texts
    assert len(next_token.draw_documents(split, 10**6, seed=1).texts) == len(split)
    enough = next_token.draw_tokens(split, 300, seed=1)
    assert enough.offsets[-2] < 300 <= enough.offsets[-1]
    with pytest.raises(StudyError, match="documents=1"):
        next_token.draw_documents(split, 1, seed=1)
