"""The pseudo-code's table, the article's figure, tables of comparisons and the claims on architectures."""

import dataclasses

import matplotlib.pyplot as plt
import pytest

from lmstudy.chapters.architectures.architectures import reading_curves
from lmstudy.chapters.architectures.comparison_tables import cost_table, quality_table
from lmstudy.chapters.pseudo_code.article_figures import FLOOR, own_task_and_language
from lmstudy.chapters.pseudo_code.pseudo_code import argument_table, loop_table
from lmstudy.errors import StudyError
from lmstudy.study.claims import all_claims, evaluate_claims
from lmstudy.study.comparisons import arm_config, renamed
from tests.claim_records import record


def run(number, experiment, seed, bits, loss=2.0, budget="smoke", **changes):
    curves = {
        "train/loss": {"step": list(range(10, 210, 10)), "value": [9.0] * 10 + [loss] * 10},
        "valid/bits_per_byte": {"step": [100, 200], "value": [bits + 1, bits]},
    }
    metrics = {"train/tokens": 1e6, "train/flops_per_second": 6e9, "train/tokens_per_second": 3e3, "parameters": 1e6}
    metrics |= {f"valid/{name}": 0.1 * seed for name in ("accuracy", "recall", "f1")}
    config = {**arm_config(experiment, seed, "smoke")}
    config["budget"] = {**config["budget"], "name": budget}
    return record(
        number, "train", config, bits, seed=seed, curves=curves, metrics=metrics | changes.pop("metrics", {}), **changes
    )


def arm(first, experiment, bits, **changes):
    return [run(first + seed, experiment, seed, bits + 0.01 * seed, **changes) for seed in (1, 2, 3)]


def counted(number, order, bits):
    config = {"baseline": {"name": "kneser_ney", "order": order, "tokens": "all"}}
    return record(number, "baseline", config, bits, metrics={"valid/bits_per_byte": bits, "train/tokens": 1e6})


def test_the_five_arguments_are_keys_of_the_configuration():
    table = argument_table(arm_config("article", 1, "smoke"))
    assert list(table.index) == ["data", "embedding_dim", "hidden_dim", "learning_rate", "epochs"]
    assert table.loc["hidden_dim", "value"] == "[100, 50, 25, 50, 100]"
    assert table.loc["learning_rate", "value"] == "0.001"
    assert table.loc["data", "value"] == "PythonFunctions"
    with pytest.raises(StudyError, match=r"model\.widths: the configuration has no such key"):
        argument_table(arm_config("lstm", 1, "smoke"))


def test_the_experiment_is_the_article_s_listing():
    config = arm_config("article", 1, "quick")
    assert config["model"]["widths"] == [100, 50, 25, 50, 100]
    assert config["budget"]["rows"] == 64
    assert config["data"]["split"]["valid_files"] == 0.2
    assert config["embedding"]["frozen"] is True
    assert config["optimizer"]["decay"] == "none"
    assert config["optimizer"]["weight_decay"] == 0
    other = arm_config("article_predict", 1, "quick")
    differing = {key for key in config if config[key] != other[key]}
    assert differing == {"experiment", "pretraining"}


def test_every_line_of_the_loop_is_said_and_answered():
    table = loop_table()
    assert len(table) == 9
    assert (table.map(len) > 0).all(axis=None)


def test_the_figure_shows_both_tasks_and_what_counting_knows():
    arms = {"reproduce": arm(10, "article", 9.0, loss=0.0), "predict": arm(20, "article_predict", 3.0)}
    figure = own_task_and_language(arms, {"unigram": 3.5, "bigram": 2.5})
    left, right = figure.axes
    assert min(line.get_ydata().min() for line in left.lines) == FLOOR  # a loss of zero can be drawn
    assert {text.get_text() for text in right.texts} == {"reproduce", "predict", "unigram", "bigram"}
    dashed = [line.get_ydata()[0] for line in right.lines if line.get_linestyle() == "--"]
    assert dashed == [3.5, 2.5]
    assert left.lines[0].get_xdata()[-1] == 100
    plt.close(figure)


def test_tables_of_comparisons():
    arms = renamed({"lstm": arm(10, "lstm", 2.0)}, {"lstm": "LSTM"})
    quality = quality_table(arms)
    assert quality.loc["LSTM", "token accuracy"] == "0.200"
    assert quality.loc["LSTM", "seeds"] == 3
    weights = 4096 * 32  # the output's; and the two stacks read 64 positions for 128 that are written
    costs = cost_table(arms).loc["LSTM"]
    per_token = float(costs["operations a target token, millions"]) * 1e6
    assert 6 * weights < per_token < 6 * 2 * (weights + 117_000)
    assert float(costs["operations in all, 10¹²"]) == pytest.approx(per_token * 1e6 / 1e12, rel=0.05)
    assert costs["parameters"] == "1,000,000"


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


@pytest.fixture
def study():
    return [
        *arm(100, "first_model", 2.0, budget="quick"),
        *arm(110, "lstm", 2.2, budget="quick"),
        *arm(120, "lstm_attention", 2.1, budget="quick"),
        *arm(130, "dense_wide", 3.0, budget="quick"),
        *arm(140, "article", 9.0, loss=0.01, budget="brief"),
        *arm(150, "article_predict", 3.0, budget="brief"),
        *arm(160, "unshifted", 9.0, loss=0.001, budget="brief"),
        counted(170, 1, 3.5),
        counted(180, 2, 2.5),
    ]


def results(records, prefix):
    claims = [c for c in all_claims() if c.id.startswith(prefix)]
    return {result.id: result for result in evaluate_claims(records, claims)}


def test_claims_on_the_article_hold_for_a_copier_and_fail_for_a_language_model(study):
    found = results(study, "article.")
    assert len(found) == 5
    assert all(result.holds for result in found.values()), found
    assert found["article.copying_loss"].estimate == pytest.approx(0.01)
    better = [dataclasses.replace(r, groups={"valid": [[b / 9, s] for b, s in r.groups["valid"]]}) for r in study]
    assert not results(better[12:15] + study[:12] + study[15:], "article.")["article.copying_above_unigram"].holds


def test_claims_on_architectures_compare_with_the_transformer(study):
    found = {
        name: r
        for name, r in results(study, "architectures.").items()
        if name.split(".")[1] in ("lstm_vs_transformer", "lstm_attention_vs_transformer", "dense_vs_transformer")
    }
    assert len(found) == 3
    assert found["architectures.lstm_vs_transformer"].estimate == pytest.approx(0.2, abs=0.02)
    assert all(result.holds for result in found.values())
    assert not any(r.holds for r in results(study[:3], "architectures.").values())
