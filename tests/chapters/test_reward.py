"""The chapter on reward models: what it reads off ratings and records, its claims, its figures."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lmstudy.chapters.reward import accuracies as measured
from lmstudy.chapters.reward import examples as looks
from lmstudy.chapters.reward import figures as drawn
from lmstudy.chapters.reward import reward as chapter
from lmstudy.compose import compose_config
from lmstudy.errors import StudyError
from lmstudy.evaluation.pair_agreement import accuracy_counts, ceiling, ceiling_counts, pair_accuracy
from lmstudy.evaluation.rating_classes import pair_reliability
from lmstudy.evaluation.statistics import Estimate
from lmstudy.runs.rating_baseline import rating_baselines
from lmstudy.runs.records import Record
from lmstudy.study.claims import all_claims, evaluate_claims
from tests.claim_records import record
from tests.data.rated import rated_files, rated_settings
from tests.preferences.test_ratings import ratings_of
from tests.runs.test_rewards import snippets

N = 60
LOSSES, MODELS = "lmstudy.training.reward_losses", "lmstudy.models"


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


def model(number, film, noise, seed, loss="BradleyTerry", encoder="reward_own.OwnOnVectors", **config) -> Record:
    rewards = noisy(film, noise, number)
    counts = accuracy_counts(rewards, film)[0]
    accuracy = counts[:, 0].sum() / counts[:, 1].sum()
    metrics = {
        "test/film/pair_accuracy": accuracy,
        "test/film/pair_accuracy_ngrams": accuracy - 0.02 - 0.001 * seed,
        "test/film/calibration_error_scaled": 0.005 + 0.001 * seed,
        "train/ratings": 1000.0 * config.get("share", 1),
        "scale/slope": 2.0,
        "scale/offset": 0.5,
    }
    whole = {
        "half": "all",
        "share": 1.0,
        "ratings": None,
        "run": None,
        "data": {"_target_": "lmstudy.data.source_ratings.RatedSnippets"},
        "loss": {"_target_": f"{LOSSES}.{loss}"},
        "encoder": {"_target_": f"{MODELS}.{encoder}"},
    }
    fields = {"metrics": metrics, "groups": {"test/film/pairs": pairs(counts)}}
    fields["samples"] = [[name, 2 * value + 0.5] for name, value in zip(film.ids, rewards.tolist(), strict=True)]
    return record(number, "reward", whole | config, 2.0, seed=seed, **fields)


def known(film) -> Record:
    counts = {
        "ceiling": ceiling_counts(film)[0],
        "ridge": accuracy_counts(noisy(film, 2.0, 90), film)[0],
        "vader": accuracy_counts(noisy(film, 4.0, 91), film)[0],
    }
    values = {f"test/film/{name}": float(of[:, 0].sum() / of[:, 1].sum()) for name, of in counts.items()}
    return record(
        99,
        "rating_baseline",
        {"baseline": {"name": "ratings", "split": "test"}},
        2.0,
        groups={f"test/film/{name}": pairs(of) for name, of in counts.items()},
        metrics=values,
        curves={f"ridge/s{seed}": {"step": [30, 100], "value": [0.6, 0.65 + 0.01 * seed]} for seed in (1, 2, 3)},
        samples=[[name, 1.0, -1.0] for name in film.ids],
    )


@pytest.fixture(scope="module")
def study(film):
    def seeds(first, noise, **config):
        return [model(first + seed, film, noise, seed, **config) for seed in (1, 2, 3)]

    return [
        known(film),
        *seeds(10, 0.5),
        *seeds(20, 0.5, loss="Regression"),
        *seeds(30, 2.5, share=0.3),
        *seeds(40, 4.0, share=0.1),
        *seeds(70, 1.0, share=0.03),
        *seeds(50, 1.5, ratings=1),
        model(60, film, 1.2, 1, half="A"),
        model(61, film, 0.3, 1, half="B", encoder="reward_public.Public"),
        model(62, film, 0.5, 4, loss="Regression"),  # a seed that its partner lacks
    ]


def results(records):
    return {r.id: r for r in evaluate_claims(records, [c for c in all_claims() if c.id.startswith("reward.")])}


def test_claims_compare_models_with_people_and_with_each_other(study, film):
    found = results(study)
    assert len(found) >= 8
    assert abs(found["reward.pairs_vs_regression"].estimate) < 0.03
    assert found["reward.pairs_vs_regression"].n == 3
    assert not [result.problem for result in found.values() if result.error]
    ours = np.array([r.groups["test/film/pairs"] for r in study[1:4]]).sum(1)
    gap = ceiling(film).value - (ours[:, 0].sum() / ours[:, 1].sum())
    assert found["reward.accuracy_gap"].estimate == pytest.approx(gap, abs=1e-4)
    assert found["reward.accuracy_gap"].n == 3
    assert found["reward.strong_gap"].n == 1
    assert found["reward.strong_gap"].estimate < found["reward.accuracy_gap"].estimate
    assert found["reward.over_vader"].estimate > found["reward.over_ridge"].estimate > 0
    assert found["reward.encoder_adds"].estimate == pytest.approx(0.022)
    few = [r.metrics["test/film/pair_accuracy"] for r in study if r.config.get("share") == 0.03]
    assert found["reward.few_ratings_over_ridge"].estimate == pytest.approx(np.mean(few) - 0.6)
    assert found["reward.calibration_error"].estimate == pytest.approx(0.007)
    assert all(found[f"reward.{name}"].holds for name in ("over_vader", "encoder_adds", "calibration_error"))


def test_a_claim_without_its_records_says_so(study):
    found = results([r for r in study if r.kind != "rating_baseline"])
    assert found["reward.accuracy_gap"].outcome == "no records"
    assert found["reward.encoder_adds"].error is None


def test_pair_counts_are_of_the_same_texts(study, film):
    assert measured.pair_counts(study[1:4]).shape == (3, N, 2)
    with pytest.raises(StudyError, match="test/book/pairs: not in the record reward-11"):
        measured.pair_counts(study[1:4], "book")
    with pytest.raises(StudyError, match="different data"):
        measured.pair_counts(
            [study[1], model(7, film, 1, 1), record(8, "reward", {}, 1.0, data="other", groups=study[1].groups)]
        )
    with pytest.raises(StudyError, match="no record"):
        measured.pair_counts([])


def test_accuracies_come_best_first(study):
    names = {"ceiling": "people", "vader": "lexicon"}
    found = measured.accuracies({"ours": study[1:4], "few": study[7:10]}, study[0], names)
    assert set(found) == {"people", "ours", "few", "lexicon"}
    values = [e.value for e in found.values()]
    assert values == sorted(values, reverse=True)
    assert (found["ours"].n, found["people"].n) == (3, 1)


def test_curves_go_by_the_number_of_ratings(study):
    points = measured.learning_curve([study[1:4], study[7:10], study[10:13]])
    assert [ratings for ratings, _ in points] == [100.0, 300.0, 1000.0]
    assert points[0][1].value < points[-1][1].value
    steps, values = measured.ridge_curve(study[0], 1000.0)
    assert steps == [30, 100, 1000]
    assert values[1] == pytest.approx([0.66, 0.67, 0.68])
    assert len(set(values[2])) == 1


def test_predictions_are_those_of_the_record(study, film):
    assert chapter.rewards(study[1], film) == pytest.approx(noisy(film, 0.5, 11))
    assert chapter.predicted(study[1], film) == pytest.approx(2 * noisy(film, 0.5, 11) + 0.5)
    assert chapter.baseline_predictions(study[0], film)["vader"].tolist() == [-1.0] * N
    with pytest.raises(StudyError, match="no prediction"):
        chapter.predicted(study[1], ratings_of(*[[1, 2]] * (N + 1)))


def test_an_arm_is_published_or_trained(monkeypatch):
    class Run:
        def __init__(self, config):
            self.id, self.name, self.record_path = f"{config['seed']:016x}", "name", chapter.published_folder() / "no"

    monkeypatch.setattr(chapter, "open_reward", Run)
    monkeypatch.setattr(chapter, "load_folder", lambda _: [record(1, "reward", {}, 1.0)])
    monkeypatch.setattr(chapter, "train_reward", lambda config: f"trained {config['seed']} {config['share']}")
    found = chapter.rewards_of(chapter.FEWER_TEXTS[0.1], [2, 1])
    assert found[0].name == "reward-1"
    assert found[1] == "trained 2 0.1"


@pytest.mark.parametrize("overrides", [chapter.STRONG, chapter.REGRESSION, *chapter.FEWER_TEXTS.values()])
def test_arms_compose(overrides):
    assert compose_config("reward", list(overrides))["seed"] == 1


def test_people_and_simple_predictors_are_a_record(cache, tmp_path, capsys):
    data = rated_settings(cache, rated_files({"film": snippets(240, 0), "tweet": snippets(60, 1)}))
    data = {**data, "split": {"by": "document", "valid": 0.15, "test": 0.15}}
    config = {**compose_config("baseline", ["of=ratings", f"runs={tmp_path}"]), "data": data}
    found = rating_baselines(config)
    again = rating_baselines(config)
    assert (again.id, again.metrics) == (found.id, found.metrics)
    assert "nothing to fit" in capsys.readouterr().err
    texts = chapter.rated_texts(chapter.prepare(data), data).splits["test"].of_domain("film")
    assert found.metrics["test/film/ceiling"] == pytest.approx(ceiling(texts).value)
    assert found.metrics["test/film/ridge"] > 0.7
    kept = measured.baseline_counts(found, "ridge").sum(1)[0]
    assert kept[0] / kept[1] == pytest.approx(found.metrics["test/film/ridge"], abs=1e-3)
    simple = chapter.baseline_predictions(found, texts)
    assert pair_accuracy(simple["ridge"], texts).value == pytest.approx(found.metrics["test/film/ridge"], abs=2e-3)
    assert found.curves["ridge/s1"]["step"] == sorted(found.curves["ridge/s1"]["step"])


def test_pairs_of_two_texts_by_hand():
    two = ratings_of([2, 2, 0], [1, 0, 2])
    order = looks.order_table(two, 0, 1)
    assert order.to_dict() == pytest.approx({"above": 4 / 9, "equal": 3 / 9, "below": 2 / 9})
    best = looks.best_difference(order)
    assert best == pytest.approx(math.log(2))
    table = looks.loss_table(two, 0, 1, {"none": 0.0, "best": best, "more": best + 0.1, "less": best - 0.1})
    assert table.loc["none", "loss"] == pytest.approx(math.log(2))
    assert table["loss"].idxmin() == "best"
    assert table.loc["best", "chance it claims"] == pytest.approx(2 / 3)


def test_examples_are_agreed_upon_and_disputed():
    agreed = [[3] * 15, [0] * 14 + [1], [-3] * 15]
    disputed = [[-4] * 7 + [4] * 8, [-4] * 6 + [3] * 9]
    whole = ratings_of(*agreed, *disputed, *[[1, 2, 3] * 5] * 5)
    named = type(whole)(
        whole.ids, tuple(f"a snippet that has the number {i}" for i in whole.ids), whole.domains, whole.counts
    )
    shown = looks.examples(named)
    assert set(shown.ids) == {"0", "1", "2", "3", "4"}
    assert shown.means.tolist() == sorted(shown.means.tolist(), reverse=True)
    assert looks.spreads(shown).min() == 0
    plt.close(drawn.opinions(shown))


def test_mistakes_are_far_off_where_people_agree():
    film = ratings_of([1, 1], [2, 2], [-4, 4], [0, 0], [3, 3])
    table = looks.mistakes(np.array([1.0, 3.5, 4.0, -2.0, 3.0]), film, count=2)
    assert table["people"].tolist() == [2.0, 0.0]  # too kind, too harsh; the disputed one is nobody's mistake
    assert table["the model"].tolist() == [3.5, -2.0]


def test_confident_errors_by_hand():
    film = ratings_of([2, 2], [0, 3], [-1, -1])
    found = looks.confident_errors(np.array([9.0, 8.9, 0.0]), film)
    assert found["share"] == pytest.approx(2 / 3)  # the first two are not far enough apart
    assert found["right"] == 1.0
    assert looks.confident_errors(np.array([0.0, 9.0, 9.05]), film)["right"] == pytest.approx(0.25)


def test_tables(film):
    table = looks.class_table({"right": film.means, "one class": np.full(N, 4.0)}, film.means)
    assert table.loc["right", "macro F1"].startswith("1.000")
    assert len(looks.stacked(table, table)) == 4
    assert sum(looks.class_shares(film.means).values()) == pytest.approx(1)
    one = {"a": Estimate(0.8, 0.7, 0.9, 3), "b": Estimate(0.6, 0.5, 0.7, 1)}
    shown = looks.domain_table({"film": one, "tweet": one}, ["b", "a"])
    assert shown.loc["a", "tweet"] == "0.800 (0.700 to 0.900)"


def test_figures_are_drawn(study, film):
    reliable = [pair_reliability(chapter.rewards(r, film), film) for r in study[1:4]]
    plt.close(drawn.reliability(reliable, reliable))
    curves = {"fewer": measured.learning_curve([study[7:10], study[1:4]])}
    figure = drawn.learning_curves(curves, measured.ridge_curve(study[0], 1000.0), ceiling(film))
    assert figure.axes[0].get_xscale() == "log"
    plt.close(figure)
