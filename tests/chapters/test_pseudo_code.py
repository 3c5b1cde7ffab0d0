"""The pseudo-code's table, the article's figure, what architectures cost and read, and the claims on both."""

import dataclasses

import matplotlib.pyplot as plt
import pytest

from lmstudy.chapters.architectures.architectures import ARMS, BEST, cost_table, reading_curves, speed_table
from lmstudy.chapters.pseudo_code.pseudo_code import FLOOR, argument_table, counted, own_task_and_language
from lmstudy.errors import StudyError
from lmstudy.runs import text_baseline
from lmstudy.show.tables import quality_table
from lmstudy.study.claims import all_claims, evaluate_claims
from lmstudy.study.shelf import Shelf
from tests.claim_records import Line, benchmark, composed, record, trained

ARTICLE = ("experiment=article", "budget=brief")


def arm(first, experiment, bits, loss=2.0, budget="quick", seeds=(1, 2, 3), rate=None):
    curves = {
        "train/loss": {"step": list(range(10, 210, 10)), "value": [9.0] * 10 + [loss] * 10},
        "valid/bits_per_byte": {"step": [100, 200], "value": [bits + 1, bits]},
    }
    metrics = {"train/tokens": 1e6, "train/flops_per_second": 6e9, "train/tokens_per_second": 3e3, "parameters": 1e6}
    runs = []
    for seed in seeds:
        own = metrics | {f"valid/{name}": 0.1 * seed for name in ("accuracy", "recall", "f1")}
        overrides = (f"experiment={experiment}", f"budget={budget}", *([f"optimizer.lr={rate}"] if rate else []))
        score = bits + 0.01 * seed
        runs.append(trained(first + seed, *overrides, seed=seed, bits_per_byte=score, curves=curves, metrics=own))
    return runs


def n_gram(number, order, bits):
    data = composed("train", *ARTICLE)["data"]
    config = text_baseline.content({**composed("baseline", f"order={order}"), "data": data})
    return record(number, "baseline", config, bits, metrics={"valid/bits_per_byte": bits, "train/tokens": 1e6})


def test_the_five_arguments_are_keys_of_the_configuration():
    table = argument_table(composed("train", "experiment=article", "budget=smoke"))
    assert table["value"].to_dict() == {
        "data": "PythonFunctions", "embedding_dim": "100", "hidden_dim": "[100, 50, 25, 50, 100]",
        "learning_rate": "0.001", "epochs": table.loc["epochs", "value"],
    }  # fmt: skip
    with pytest.raises(StudyError, match=r"model\.widths: the configuration has no such key"):
        argument_table(composed("train", "experiment=lstm", "budget=smoke"))


def test_the_experiment_is_the_article_s_listing():
    config, other = (composed("train", f"experiment={name}", "budget=quick") for name in ("article", "article_predict"))
    assert config["model"]["widths"] == [100, 50, 25, 50, 100]
    assert (config["budget"]["rows"], config["data"]["split"]["valid_files"]) == (64, 0.2)
    assert (config["embedding"]["frozen"], config["optimizer"]["decay"]) == (True, "none")
    assert config["optimizer"]["weight_decay"] == 0
    assert {key for key in config if config[key] != other[key]} == {"experiment", "pretraining"}


def test_the_figure_shows_both_tasks_and_what_counting_knows():
    arms = {"reproduce": arm(10, "article", 9.0, loss=0.0), "predict": arm(20, "article_predict", 3.0)}
    baselines = counted(Shelf([n_gram(170, 1, 3.5), n_gram(180, 2, 2.5)]), trained(1, *ARTICLE, seed=1))
    figure = own_task_and_language(arms, baselines)
    above, below = figure.axes
    assert min(min(line.get_ydata()) for line in above.lines) == pytest.approx(FLOOR)  # a loss of zero can be drawn
    assert {text.get_text() for text in above.texts} == {"reproduce", "predict"}
    assert {text.get_text() for text in below.texts} == {"reproduce", "predict", "unigram", "bigram"}
    assert [line.get_ydata()[0] for line in below.lines if line.get_linestyle() == "--"] == [3.5, 2.5]
    assert above.lines[0].get_xdata()[-1] == 100
    plt.close(figure)


def test_what_an_arm_costs_and_how_good_it_is():
    arms = {"LSTM": arm(10, "lstm", 2.0, budget="smoke")}
    quality = quality_table(arms).loc["LSTM"]
    assert quality["token accuracy"] == pytest.approx(0.2)
    assert quality["bits per byte (95 % interval)"].value == pytest.approx(2.02, abs=0.03)
    weights = 4096 * 32  # the output's; and the two stacks read 64 positions for 128 that are written
    costs = cost_table(arms).loc["LSTM"]
    per_token = costs["operations a target token, millions"] * 1e6
    assert 6 * weights < per_token < 6 * 2 * (weights + 117_000)
    assert costs["operations in all, 10¹²"] == pytest.approx(per_token * 1e6 / 1e12)
    assert costs["parameters"] == 1_000_000


def test_speeds_are_over_the_transformer():
    lines = [
        Line("tokens_per_second", "", "first_model", name, 1.5, None, 1.4, 1.6, 6)
        for name in ("dense_wide", "first_model_eager")
    ]
    table = speed_table(Shelf([benchmark("architectures", lines)]))
    assert list(table.index) == ["dense", "Transformer, not compiled"]
    assert table.iloc[0, 0].low == 1.4


def test_reading_curves_take_bits_and_shares_from_their_groups():
    def evaluation(seed):
        groups = {
            f"reading/{n}{of}": [[n + seed + g, 10] for g in range(5)] for n in (0, 8) for of in ("", "/accuracy")
        }
        metrics = {f"reading/{n}/{name}": 1.0 for n in (0, 8) for name in ("bits_per_byte", "accuracy")}
        return record(seed, "evaluation", {}, 1.0, seed=seed, groups=groups, metrics=metrics)

    curves = reading_curves({"LSTM": [evaluation(1), evaluation(2)]}, "bits_per_byte")
    assert {n: e.value for n, e in curves["LSTM"].items()} == pytest.approx({0: 0.35, 8: 1.15})
    assert curves["LSTM"][8].n == 2


def outcomes(records, *ids):
    return {result.id: result for result in evaluate_claims(records, [c for c in all_claims() if c.id.startswith(ids)])}


def test_claims_on_the_article_hold_for_a_copier_and_fail_for_a_language_model():
    copier = arm(140, "article", 9.0, loss=0.01, budget="brief")
    others = [
        *arm(150, "article_predict", 3.0, budget="brief"),
        *arm(160, "unshifted", 9.0, loss=0.001, budget="brief"),
        n_gram(170, 1, 3.5),
        n_gram(180, 2, 2.5),
    ]
    found = outcomes([*copier, *others], "article.")
    assert len(found) == 5
    assert all(result.holds for result in found.values()), found
    assert found["article.copying_loss"].estimate.value == pytest.approx(0.01)
    better = [dataclasses.replace(r, groups={"valid": [[b / 9, s] for b, s in r.groups["valid"]]}) for r in copier]
    assert not outcomes([*better, *others], "article.")["article.copying_above_unigram"].holds


def test_claims_on_architectures_compare_with_the_transformer():
    rates = {ARMS[name]: rate for name, rate in BEST.items()}

    def at_best(first, experiment, bits):
        return arm(first, experiment, bits, rate=rates[experiment])

    transformer = at_best(100, "first_model", 2.0)
    others = [*at_best(110, "lstm", 2.2), *at_best(120, "lstm_attention", 2.1), *at_best(130, "dense_wide", 3.0)]
    ids = [f"architectures.{name}_vs_transformer" for name in ("lstm", "lstm_attention", "dense")]
    found = outcomes([*transformer, *others], *ids)
    assert found[ids[0]].estimate.value == pytest.approx(0.2, abs=0.02)
    assert [found[name].holds for name in ids] == [True] * 3
    assert not any(r.holds for r in outcomes(transformer, "architectures.").values())
