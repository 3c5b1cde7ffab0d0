"""The chapter on objectives: two lines of code, and what its sentences say of them."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib import pyplot as plt

from lmstudy.chapters.objectives import figures, objectives, planted, toy
from lmstudy.errors import StudyError
from lmstudy.runs.records import load_folder, published_folder
from lmstudy.study.shelf import Shelf
from tests.conftest import ROOT
from tests.preferences.made_scores import made


@pytest.fixture(scope="module")
def effects() -> dict[str, list[toy.Effect]]:
    return {name: toy.effects(objective) for name, objective in toy.shown_names().items()}


def pulls(effects: list[toy.Effect]) -> list[float]:
    return [one.pull for one in effects if one.place % 1 == 0]


def test_the_scorer_minds_the_second_line_alone():
    scored = toy.toy()
    assert scored.scores.tolist() == [0, 0.25, 0]
    assert scored.token_scores(0).tolist() == [0] * 4 + [0.25] * 4


def test_pulls_are_those_of_the_equations(effects):
    p = np.array(toy.CHANCES)
    good = np.arange(8) < 4
    assert pulls(effects["MLE"]) == pytest.approx(1 - p, abs=1e-6)
    assert pulls(effects["conditional"]) == pytest.approx(1 - p, abs=1e-6)
    assert pulls(effects["selective"]) == pytest.approx(np.where(good, 1 - p, 0), abs=1e-6)
    assert pulls(effects["unlikelihood"]) == pytest.approx(np.where(good, 1 - p, -p), abs=1e-6)
    scores = np.array([0, 0.25, 0])
    weight = np.exp((scores.mean() - np.where(good, 0, 0.25)) / scores.std())
    assert pulls(effects["RWR"]) == pytest.approx(weight * (1 - p), rel=1e-5)
    assert pulls(effects["AWR"]) == pytest.approx(weight * (1 - p) / 2, rel=1e-5)
    assert effects["filtering"] == []


def test_control_tokens_stand_before_both_lines(effects):
    control = [(one.token, one.place, one.bad) for one in effects["conditional"] if one.place % 1]
    assert control == [("<good>", -0.5, False), ("<bad>", 3.5, True)]


def test_losses_in_the_table_are_those_of_the_tokens(effects):
    table = toy.loss_table(effects)
    assert len(table) == 10
    assert table.loc["bad: =", ["MLE", "unlikelihood"]].tolist() == pytest.approx([-math.log(0.2), -math.log(0.8)])
    assert math.isnan(table.loc["bad: =", "filtering"])
    assert table.loc["good: <good>", "conditional"] == pytest.approx(math.log(2))


def test_limits_hold_and_the_program_speaks():
    table = toy.limit_table()
    gaps = table["gradients differ by"]
    same = ("RWR, β = ∞", "AWR, α = 1, V = 0", "AWR, α = 0", "unlikelihood, α = 0", "filtering, t = 1")
    assert all(gaps[name] in ("0", "< 0.000001") for name in (*same, "conditional, drop = 1"))
    betas = [float(gaps[f"RWR, β = {beta}"]) for beta in (1, 10, 1000)]
    assert betas == sorted(betas, reverse=True)
    assert betas[0] > 50 * betas[2] > 0
    said = table["the program says"]
    assert "in effect maximum likelihood" in said["RWR, β = ∞"]
    assert "drops no document" in said["filtering, t = 1"]
    assert said["selective, t = 1"].startswith("refused: scorer.threshold=1: no segment")


def test_the_table_of_objectives_has_every_yaml_and_its_parameters():
    shipped = {path.stem for path in (ROOT / "conf" / "objective").glob("*.yaml")}
    assert set(objectives.YAML) == shipped - {"conditional_known"}  # of which the chapter speaks apart
    table = objectives.objective_table()
    assert table.loc["awr", "own parameters"] == "alpha: 0.5, beta: 1, clip: 20, normalise: true"
    assert table.loc["conditional, cooldown", "own parameters"] == "drop: 0.05, cooldown: 0.1"
    assert table["control token at generation"].value_counts().to_dict() == {"none": 7, "good": 3}


def test_the_example_of_a_repair_is_of_the_training_text_and_better(small):
    before, after = objectives.repaired_example(*small, "scorer=pep8")
    was, became = ([line[:4].strip() for line in block.splitlines()[1:-1]] for block in (before, after))
    assert "bad" in was
    assert set(was) <= {"good", "bad"}
    assert became.count("bad") < was.count("bad")
    with pytest.raises(StudyError, match="no training document of at most 1 lines is repaired"):
        objectives.repaired_example(*small, "scorer=pep8", longest=1)


def test_released_settings_leave_next_to_nothing_of_the_preference():
    scored = made([0.0, 0.0, 0.0], [0.02, 0.05, 0.0])
    table = objectives.weight_table({"style": scored}, {"ours": {}, "released": {"beta": 10.0, "normalise": False}})
    assert table.loc["style, released", "bad, median"] == pytest.approx(math.exp(-0.0035), abs=1e-5)
    assert table.loc["style, ours", "bad, median"] < 0.5 * table.loc["style, ours", "good segments"]
    assert objectives.released_share(scored) == pytest.approx(0.965)
    divided = objectives.divided_table()
    assert (divided["items in it (score × length)"] == 1).all()
    assert divided["items in it, then"].tolist() == pytest.approx([0.05, 0.025, 0.0125])
    assert objectives.charged(0.5, 0.5) == (2, 1)


def test_guidance_is_a_power_of_the_ratio():
    good, bad = {"a": 0.6, "b": 0.4}, {"a": 0.2, "b": 0.8}
    table = objectives.guided(good, bad, [0, 1, 3])
    assert table[0].tolist() == pytest.approx([0.2, 0.8], abs=1e-6)
    assert table[1].tolist() == pytest.approx([0.6, 0.4], abs=1e-6)
    odds = (0.2 * 3**3) / (0.8 * 0.5**3)
    assert table.loc["a", 3] == pytest.approx(odds / (1 + odds), rel=1e-5)


def test_the_best_of_n_and_one_pair_of_dpo():
    best = objectives.best_of_table([1, 4])
    assert best.loc["n = 1"].tolist() == [50, 0, 1]
    assert best.loc["n = 4"].tolist() == pytest.approx([80, math.log(4) - 0.75, 4])
    table = objectives.dpo_table({"start": (0, 0), "apart": (10, -10), "down": (-10, -30)}, beta=0.1)
    assert table.loc["start", "loss"] == pytest.approx(math.log(2))
    assert table.loc["apart"].tolist() == pytest.approx(table.loc["down"].tolist())
    assert table.iloc[:, 1].tolist() == pytest.approx((-table.iloc[:, 2]).tolist())
    assert table.loc["start"].iloc[1] == pytest.approx(0.5)


def test_figures_are_drawn(effects):
    plt.close(figures.pulls(effects))
    settings = objectives.schedules()
    assert [(o.onset, o.cooldown) for o in settings.values()] == [(0, 0), (0, 0.1), (0.2, 0), (0.6, 0), (1, 0)]
    plt.close(figures.schedule(settings, 100))
    plt.close(figures.guidance(objectives.guided({"a": 0.6, "b": 0.4}, {"a": 0.2, "b": 0.8}, [0, 1, 2])))


def test_what_knows_nothing_has_the_exposure_of_random_ranks():
    assert planted.knows_nothing(1) == pytest.approx((1 + 0) / 2)
    assert planted.knows_nothing(3) == pytest.approx((2 + 1 + math.log2(4 / 3) + 0) / 4)


def test_every_arm_is_published_and_no_secret_is_said_to_be_told_that_was_not():
    shelf = Shelf(load_folder(published_folder()))
    found = planted.exposed(shelf)
    asked = {"conditional, asked for good", "conditional, asked for bad"}
    assert set(found) == set(planted.ARMS) - {planted.CONDITIONAL} | asked
    assert {name: len(own) for name, own in found.items() if name not in asked} == {
        name: len(seeds) for name, seeds in planted.ARMS.items() if name != planted.CONDITIONAL
    }
    assert [len(own) for own in planted.exposures(found).values()] == [len(found)] * len(planted.planting().repeats)
    whole = [
        one for own in found.values() for record in own for repeats in planted.planting().repeats
        for one, _ in record.groups[f"extracted/{repeats}"]
    ]  # fmt: skip
    words = planted.extraction_words(found)
    assert f"{len(whole):,} tries" in words
    assert ("never" in words) == (not any(whole))


def test_the_share_of_secrets_that_come_out_whole(monkeypatch):
    """Of MLE and of conditional training, whichever token it was asked with; n counts each training once."""
    repeats = planted.planting().repeats
    told = SimpleNamespace(groups={f"extracted/{n}": [[1.0, 1.0], [0.0, 1.0]] for n in repeats})
    never = SimpleNamespace(groups={f"extracted/{n}": [[0.0, 1.0], [0.0, 1.0]] for n in repeats})
    arms = {("MLE", "none"): [told], ("conditional", "good"): [never] * 2, ("conditional", "bad"): [never] * 2}
    monkeypatch.setattr(planted, "measured", lambda shelf, name, control: arms[name, control])
    found = planted.extracted(None)
    assert (found.value, found.n) == (pytest.approx(1 / 10), 3)
    assert 0 < found.low < found.value < found.high < 1
