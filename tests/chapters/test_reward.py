"""The chapter on reward models: what it reads off ratings and records, its claims, its figures."""

import math
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lmstudy.chapters.reward import examples, figures, reward
from lmstudy.compose import compose_config
from lmstudy.data.corpus import prepare
from lmstudy.errors import StudyError
from lmstudy.evaluation.pair_agreement import accuracy_counts, ceiling_counts, pair_accuracy
from lmstudy.evaluation.rating_classes import pair_reliability
from lmstudy.evaluation.statistics import ratio_of_sums_bootstrap
from lmstudy.runs.rating_baseline import content, rating_baselines
from lmstudy.runs.records import Record
from lmstudy.runs.reward_examples import rated_texts
from lmstudy.show.ratings import single_ratings, spreads, telling
from lmstudy.study.claims import all_claims, evaluate_claims
from lmstudy.study.reward_models import FEWER_TEXTS, ONE_RATING, OURS, REGRESSION, STRONG, TRAINING_SCORER, predicted
from tests.claim_records import composed, record
from tests.data.rated import rated_files, rated_settings
from tests.preferences.test_ratings import ratings_of
from tests.runs.test_rewards import snippets


def ceiling(ratings):
    return ratio_of_sums_bootstrap(ceiling_counts(ratings))


N = 60


@pytest.fixture(scope="module")
def film():
    rng = np.random.default_rng(0)
    quality = rng.normal(0, 1.5, N)
    given = np.clip(np.round(quality[:, None] + rng.normal(0, 1.2, (N, 8))), -4, 4).astype(int)
    return ratings_of(*given.tolist())


def noisy(film, noise, seed):
    return film.means + np.random.default_rng(seed).normal(0, noise, len(film))


def pairs(counts):
    return (counts * (len(counts) - 1)).round(2).tolist()


def model(number, film, noise, seed, *overrides) -> Record:
    """What `lmstudy-reward` with these overrides would make, of a model as good as its noise is small."""
    config = {**composed("reward", *overrides), "seed": seed}
    rewards = noisy(film, noise, number)
    counts = accuracy_counts(rewards, film)[0]
    accuracy = counts[:, 0].sum() / counts[:, 1].sum()
    metrics = {
        "test/film/pair_accuracy": accuracy,
        "test/film/pair_accuracy_ngrams": accuracy - 0.02 - 0.001 * seed,
        "test/film/calibration_error_scaled": 0.005 + 0.001 * seed,
        "train/ratings": 1000.0 * config["share"],
        "scale/slope": 2.0,
        "scale/offset": 0.5,
    }
    samples = [[name, 2 * value + 0.5] for name, value in zip(film.ids, rewards.tolist(), strict=True)]
    groups = {"test/film/pairs": pairs(counts)}
    return record(number, "reward", config, 2.0, seed=seed, metrics=metrics, groups=groups, samples=samples)


def known(film) -> Record:
    counts = {
        "ceiling": ceiling_counts(film)[0],
        "ridge": accuracy_counts(noisy(film, 2.0, 90), film)[0],
        "vader": accuracy_counts(noisy(film, 4.0, 91), film)[0],
    }
    config = content(composed("baseline", "data=rated_snippets", "of=ratings"))
    groups = {f"test/film/{name}": pairs(of) for name, of in counts.items()}
    metrics = {f"test/film/{name}": float(of[:, 0].sum() / of[:, 1].sum()) for name, of in counts.items()}
    curves = {f"ridge/s{seed}": {"step": [30, 100], "value": [0.6, 0.65 + 0.01 * seed]} for seed in (1, 2, 3)}
    samples = [[name, 1.0, -1.0] for name in film.ids]
    found = {"groups": groups, "metrics": metrics, "curves": curves, "samples": samples}
    return record(99, "rating_baseline", config, 2.0, **found)


@pytest.fixture(scope="module")
def study(film):
    arms = {10: (0.5, OURS), 20: (0.5, REGRESSION), 30: (2.5, FEWER_TEXTS[0.3]), 40: (4.0, FEWER_TEXTS[0.1])}
    arms |= {50: (1.5, ONE_RATING), 70: (1.0, FEWER_TEXTS[0.03])}
    return [
        known(film),
        *(model(first + s, film, noise, s, *own) for first, (noise, own) in arms.items() for s in (1, 2, 3)),
        model(60, film, 1.2, 1, *TRAINING_SCORER),
        model(61, film, 0.3, 1, *STRONG),
        model(62, film, 0.5, 4, *REGRESSION),  # a seed that its partner lacks
    ]


def results(records):
    return {r.id: r for r in evaluate_claims(records, [c for c in all_claims() if c.id.startswith("reward.")])}


def test_claims_compare_models_with_people_and_with_each_other(study, film):
    found = results(study)
    assert len(found) >= 8
    assert not [result.error for result in found.values() if result.error]
    values = {name.removeprefix("reward."): result.estimate.value for name, result in found.items()}
    assert abs(values["pairs_vs_regression"]) < 0.03
    assert found["reward.pairs_vs_regression"].estimate.n == 3
    ours = np.array([r.groups["test/film/pairs"] for r in study[1:4]]).sum(1)
    gap = ceiling(film).value - (ours[:, 0].sum() / ours[:, 1].sum())
    assert values["accuracy_gap"] == pytest.approx(gap, abs=1e-4)
    assert [found[f"reward.{name}"].estimate.n for name in ("accuracy_gap", "strong_gap")] == [3, 1]
    assert values["strong_gap"] < values["accuracy_gap"]
    assert values["over_vader"] > values["over_ridge"] > 0
    assert values["encoder_adds"] == pytest.approx(0.022)
    few = [r.metrics["test/film/pair_accuracy"] for r in study if r.config.get("share") == 0.03]
    assert values["few_ratings_over_ridge"] == pytest.approx(np.mean(few) - 0.6)
    assert values["calibration_error"] == pytest.approx(0.007)
    assert all(found[f"reward.{name}"].holds for name in ("over_vader", "encoder_adds", "calibration_error"))


def test_a_claim_without_its_records_says_so(study):
    found = results([r for r in study if r.kind != "rating_baseline"])
    assert found["reward.accuracy_gap"].outcome == "no records"
    assert found["reward.encoder_adds"].error is None


def test_pair_counts_are_of_the_same_texts(study, film):
    assert reward.pair_counts(study[1:4]).shape == (3, N, 2)
    with pytest.raises(StudyError, match="test/book/pairs' in reward-11"):
        reward.pair_counts(study[1:4], "book")
    other = record(8, "reward", {}, 1.0, seed=2, data="other", groups=study[1].groups)
    with pytest.raises(StudyError, match="different data"):
        reward.pair_counts([study[1], other])


def test_accuracies_come_best_first(study):
    names = {"ceiling": "people", "vader": "lexicon"}
    found = reward.accuracies({"ours": study[1:4], "few": study[7:10]}, study[0], names)
    assert set(found) == {"people", "ours", "few", "lexicon"}
    values = [e.value for e in found.values()]
    assert values == sorted(values, reverse=True)
    assert (found["ours"].n, found["people"].n) == (3, 1)


def test_curves_go_by_the_number_of_ratings(study, film):
    points = reward.learning_curve([study[1:4], study[7:10], study[10:13]])
    assert [ratings for ratings, _ in points] == [100.0, 300.0, 1000.0]
    assert points[0][1].value < points[-1][1].value
    steps, values = reward.ridge_curve(study[0], 1000.0)
    assert steps == [30, 100, 1000]
    assert values[1] == pytest.approx([0.66, 0.67, 0.68])
    assert len(set(values[2])) == 1
    figure = figures.learning_curves({"fewer": points}, (steps, values), ceiling(film))
    assert figure.axes[0].get_xscale() == "log"
    plt.close(figure)


def test_predictions_are_those_of_the_record(study, film):
    assert reward.rewards(study[1], film) == pytest.approx(noisy(film, 0.5, 11))
    assert predicted(study[1], film) == pytest.approx(2 * noisy(film, 0.5, 11) + 0.5)
    assert predicted(study[0], film)[:, 1].tolist() == [-1.0] * N
    with pytest.raises(StudyError, match="no prediction"):
        predicted(study[1], ratings_of(*[[1, 2]] * (N + 1)))
    reliable = [pair_reliability(reward.rewards(r, film), film) for r in study[1:4]]
    plt.close(figures.reliability(reliable, reliable))


def test_people_and_simple_predictors_are_a_record(cache, tmp_path, capsys):
    data = rated_settings(cache, rated_files({"film": snippets(240, 0), "tweet": snippets(60, 1)}))
    data = {**data, "split": {"by": "document", "valid": 0.15, "test": 0.15}}
    config = {**compose_config("baseline", ["of=ratings", f"runs={tmp_path}"]), "data": data}
    found = rating_baselines(config)
    again = rating_baselines(config)
    assert (again.id, again.metrics) == (found.id, found.metrics)
    assert "nothing to fit" in capsys.readouterr().err
    texts = rated_texts(prepare(data), data).splits["test"].of_domain("film")
    assert found.metrics["test/film/ceiling"] == pytest.approx(ceiling(texts).value)
    assert found.metrics["test/film/ridge"] > 0.7
    kept = reward.pair_counts([found], of="ridge").sum(1)[0]
    assert kept[0] / kept[1] == pytest.approx(found.metrics["test/film/ridge"], abs=1e-3)
    assert pair_accuracy(predicted(found, texts)[:, 0], texts).value == pytest.approx(
        found.metrics["test/film/ridge"], abs=2e-3
    )
    assert found.curves["ridge/s1"]["step"] == sorted(found.curves["ridge/s1"]["step"])


def test_pairs_of_two_texts_by_hand():
    two = ratings_of([2, 2, 0], [1, 0, 2])
    order = examples.order_table(two, 0, 1)
    assert order.to_dict() == pytest.approx({"above": 4 / 9, "equal": 3 / 9, "below": 2 / 9})
    best = examples.best_difference(order)
    assert best == pytest.approx(math.log(2))
    table = examples.loss_table(two, 0, 1, {"none": 0.0, "best": best, "more": best + 0.1, "less": best - 0.1})
    assert table.loc["none", "loss"] == pytest.approx(math.log(2))
    assert table["loss"].idxmin() == "best"
    assert table.loc["best", "probability it gives"] == pytest.approx(2 / 3)


def test_mistakes_are_far_off_where_people_agree():
    film = ratings_of([1, 1], [2, 2], [-4, 4], [0, 0], [3, 3])
    table = examples.mistakes(np.array([1.0, 3.5, 4.0, -2.0, 3.0]), film, count=2)
    assert table["people"].tolist() == [2.0, 0.0]  # too kind, too harsh; the disputed one is nobody's mistake
    assert table["the model"].tolist() == [3.5, -2.0]


def test_telling_snippets_are_agreed_upon_and_disputed():
    agreed = [[3] * 15, [0] * 14 + [1], [-3] * 15]
    disputed = [[-4] * 7 + [4] * 8, [-4] * 6 + [3] * 9]
    whole = ratings_of(*agreed, *disputed, *[[1, 2, 3] * 5] * 5)
    named = replace(whole, texts=tuple(f"a snippet that has the number {i}" for i in whole.ids))
    shown = telling(named)
    assert set(shown.ids) == {"0", "1", "2", "3", "4"}
    assert shown.means.tolist() == sorted(shown.means.tolist(), reverse=True)
    assert spreads(shown).min() == 0
    plt.close(single_ratings(shown))


def test_classes_of_snippets(film):
    table = examples.class_table({"right": film.means, "one class": np.full(N, 4.0)}, film.means)
    assert table.loc["right", "macro F1"].value == 1
    assert sum(examples.class_shares(film.means).values()) == pytest.approx(1)
