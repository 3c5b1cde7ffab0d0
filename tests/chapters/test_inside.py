"""The chapter on the inside of models: claims, tables and curves on records whose numbers are known; smoke runs."""

import numpy as np
import pytest

from lmstudy.chapters.inside import figures, inside
from lmstudy.chapters.inside.inside import ARMS, LENGTHS, Inside, arm, measure
from lmstudy.chapters.inside.runs import RUNS
from lmstudy.chapters.preference_ladder.runs import RUNS as LADDER
from lmstudy.publishing.papermill import run_notebook
from lmstudy.runs.records import load
from lmstudy.study.claims import all_claims, evaluate_claims
from lmstudy.study.preference_ladder import SEEDS
from lmstudy.study.shelf import NoRecordsError, Shelf
from tests.chapters.result_records import number, settings_of
from tests.claim_records import record, trained
from tests.conftest import ROOT
from tests.measures.conftest import signed_heads

AHEAD = {"MLE": 0.88, "conditional": 0.90, "filtering": 0.85}
ITEMS = {"plain": 10, "probe/+2": 2, "probe/+1": 5, "probe/-1": 20, "probe/-2": 40, "good": 1, "bad": 50}
ITEMS |= {f"random/{s:+g}": 11 for s in (-2, -1, 1, 2)}
"""Items of personal data in 1,000 characters."""


def attention(seed, steps):
    found = {}
    for before, after, entropy in (("", 0.2 + steps / 1e5, 0.5), ("untrained/", 0.05, 0.9)):
        for where, layers in (("encoder", 2), ("decoder", 4), ("cross", 4)):
            for layer in range(1, layers + 1):
                for head in (1, 2):
                    start = f"{before}{where}/{layer}/{head}"
                    found[f"{start}/entropy"] = entropy + 0.01 * layer + 0.001 * seed
                    found |= {f"{start}/{kind}": 0.1 for kind in ("start", "near", "same")}
                    found[f"{start}/after"] = after if (layer, head) == (2, 1) else 0.01
    return found | {f"uniform/{where}/{kind}": 0.04 for where in inside.ATTENTIONS for kind in inside.KINDS}


def probes(name, seed, steps):
    found = {"words": 0.997, "bad": 0.08}
    for stack, layers in (("encoder", 2), ("decoder", 4)):
        for layer in range(layers + 1):
            key, more = f"{stack}/{layer}", 0.001 * seed + 0.002 * layer
            found |= {f"{key}/read": 0.98 + more, f"{key}/ahead": AHEAD[name] + more + steps / 1e6}
            found |= {f"untrained/{key}/read": 0.97, f"untrained/{key}/ahead": 0.82}
            found |= {f"random/{key}/read": 0.6, f"random/{key}/ahead": 0.55}
    return found


def steered(name, seed):
    own = {key: items for key, items in ITEMS.items() if name == "conditional" or key not in ("good", "bad")}
    metrics, groups = {"spread": 6.0, "cosine": 0.5}, {}
    for key, items in own.items():
        metrics |= {
            f"{key}/finished": 0.1 if key.endswith("2") else 0.9,
            f"{key}/characters": 150.0,
            f"{key}/training/bad": items / 100,
        }
        groups[f"{key}/training/bad"] = [[float(items), 100.0]] * 32
        if key not in ("good", "bad"):
            metrics[f"{key}/bits_per_byte"] = 1.5 + 0.01 * (key != "plain") + 0.001 * seed
        rng = np.random.default_rng(number(name, seed, key))
        for grader in ("training", "held_out"):
            groups[f"{key}/{grader}"] = [[float(x), 10_000.0] for x in rng.poisson(10 * items, 32)]
    return {"metrics": metrics, "groups": groups}


@pytest.fixture(scope="module")
def shelf():
    records = []
    for name in ARMS:
        for steps in LENGTHS:
            for seed in SEEDS:
                run = trained(number(name, steps, seed), *arm(name, steps), seed=seed)
                found = {"probes": {"metrics": probes(name, seed - 100, steps)}}
                if name == "MLE":
                    found["attention"] = {"metrics": attention(seed - 100, steps), "groups": {}}
                if steps == LENGTHS[-1]:
                    found["steered"] = steered(name, seed - 100)
                records.append(run)
                for what, own in found.items():
                    settings = settings_of(*measure(what))
                    config = {"run": {"id": run.id, "name": run.name, "config": run.config}, "measure": settings}
                    key = number(run.id, what)
                    records.append(record(key, "evaluation", config | {"data": None}, 2.0, seed=seed, **own))
    return Shelf(records)


@pytest.fixture(scope="module")
def models(shelf):
    return Inside(shelf)


def test_the_runs_are_those_of_the_ladder_of_preferences():
    assert len(RUNS) == len(ARMS) * len(LENGTHS) * 3
    assert [str(run) for run in RUNS if run not in LADDER] == []


def test_claims_are_worked_out_from_the_records(shelf):
    own = [one for one in all_claims() if one.id.startswith("inside.")]
    found = {one.id: one for one in evaluate_claims(shelf.records, own)}
    assert not [one.error for one in found.values() if one.error]
    values = {name: one.estimate.value for name, one in found.items()}
    assert values["inside.induction"] == pytest.approx(100 * (0.2 + 0.064 - 0.05))
    assert values["inside.cross_entropy"] == pytest.approx(-0.4)
    assert values["inside.words"] == pytest.approx(0.98 + 0.002 + 0.008 - 0.997)
    assert values["inside.ahead"] == pytest.approx(0.88 + 0.002 + 0.008 + 0.0064 - 0.82)
    assert values["inside.conditional_earlier"] == pytest.approx(0.02)
    assert values["inside.filtering_later"] == pytest.approx(-0.03)
    assert values["inside.steered"] == pytest.approx(2, rel=0.2)
    assert values["inside.steered_back"] == pytest.approx(2, rel=0.15)
    assert values["inside.steered_random"] == pytest.approx(2.2, rel=0.2)
    assert values["inside.random_back"] == pytest.approx(1.1, rel=0.2)
    assert values["inside.token_bad"] == pytest.approx(5, rel=0.2)
    assert values["inside.token_good"] == pytest.approx(10, rel=0.3)
    assert values["inside.cost"] == pytest.approx(0.01)
    assert values["inside.ended"] == pytest.approx(-0.8)
    assert {one.estimate.n for one in found.values()} == {3}


def test_without_runs_there_is_nothing_to_show():
    with pytest.raises(NoRecordsError):
        Inside(Shelf([]), seeds=(1,)).probes  # noqa: B018


def test_tables_put_the_strongest_head_and_the_last_layer_beside_their_baselines(models):
    heads = inside.head_table(models.attention[6400])
    row = heads.loc["decoder, at itself: the token after that"]
    assert [row["equal weights"], row["untrained"].value, row["trained"].value] == pytest.approx([4, 5, 26.4])
    assert "decoder, at the encoder: the last four tokens" in heads.index
    table = inside.probe_table(models.probes, models.longest)
    assert table.loc["untrained", "decoder, ahead"].value == pytest.approx(0.82)
    assert table.loc["filtering", "encoder, ahead"].value == pytest.approx(0.85 + 0.002 + 0.004 + 0.0064)
    assert table.loc["mean of the words", "decoder, read"].value == pytest.approx(0.997)
    assert table.loc["mean of the words"].isna().sum() == 2
    written = inside.steering_table(models.steered["conditional"])
    assert written.loc["asked for bad", "training scorer"].value == pytest.approx(50, rel=0.1)
    assert written.loc["probe's direction, to bad", "held-out grader"].value == pytest.approx(20, rel=0.1)
    assert written["bits per byte of good text"].isna().sum() == 2
    assert "asked for good" not in inside.steering_table(models.steered["MLE"]).index


def test_a_share_of_attention_has_no_interval_below_0_or_above_100_per_cent():
    def table(*shares):
        found = [attention(1, 6400) | {"encoder/1/1/start": share} for share in shares]
        records = [trained(seed, seed=seed, metrics=metrics) for seed, metrics in enumerate(found, 101)]
        return inside.head_table(records).loc["encoder, at itself: the start token", "trained"]

    few, most, some = table(0.1, 0.1, 0.5), table(0.9, 0.9, 0.5), table(0.4, 0.5, 0.6)
    assert few.value - (few.high - few.value) < 0 == few.low < few.value < few.high < 100
    assert most.value + (most.value - most.low) > 100 == most.high > most.value > most.low > 0
    assert some.high - some.value == pytest.approx(some.value - some.low)


def test_curves_have_their_baselines_and_are_drawn(models):
    layers = inside.entropy_curves(models.attention)
    assert list(layers["encoder, at itself"]) == ["untrained", "400 steps", "1,600 steps", "6,400 steps"]
    assert layers["decoder, at itself"]["untrained"][4].value == pytest.approx(0.942)
    ahead = inside.by_layer(models.probes, models.longest, "ahead")
    assert set(ahead["decoder"]) == {*ARMS, "untrained", "random directions"}
    assert list(ahead["encoder"]["MLE"]) == [0, 1, 2]
    over = inside.over_training(models.probes, "ahead")
    assert over["MLE"][1600].value == pytest.approx(0.88 + 0.002 + 0.008 + 0.0016)
    moved = inside.steering_curves(models.steered)
    assert list(moved["MLE"]["probe's direction"]) == [-1, 0, 1]
    assert moved["MLE"]["probe's direction"][0] == moved["MLE"]["random direction"][0]
    asked = inside.asked(models.steered)
    assert list(asked) == ["conditional"]
    sample = {"read": ["start", "$x$", "b", "c"], "written": ["start", "·d"], "weights": [[0.1, 0.2, 0.3, 0.4]] * 2}
    drawn = [
        figures.entropies(layers),
        figures.attention_map(sample),
        figures.probes_by_layer(ahead),
        figures.probes_over_training(over, inside.untrained(models.probes, "ahead")),
        figures.steering(moved, asked),
    ]
    for figure in drawn:
        figure.canvas.draw()
    assert [len(figure.axes) for figure in drawn] == [3, 1, 2, 1, 3]
    assert [text.get_text() for text in drawn[1].axes[0].get_xticklabels()] == sample["read"]


@pytest.mark.slow
def test_the_notebook_makes_everything_at_the_smallest_budget(tmp_path):
    corpus = ["data=files", f"data.path={signed_heads(tmp_path / 'heads')}", "data.suffixes=[.py]"]
    corpus += ["data.split.valid=0.3", "data.tokenizer.vocab_size=512", "logger=csv", "trainer.threads=1"]
    parameters = {"budget": "smoke", "seeds": [7], "data": corpus, "runs": str(tmp_path / "runs")}
    run_notebook(ROOT / "notebooks" / "28_inside.ipynb", tmp_path / "out.ipynb", parameters)
    made = [load(path) for path in (tmp_path / "runs").glob("*/record.json")]
    kinds = {one.name.split("-")[0] for one in made if one.kind == "evaluation"}
    assert kinds == {"attention", "probes", "steered"}
    assert len([one for one in made if one.kind == "train"]) == 6
