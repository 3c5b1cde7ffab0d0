"""The chapter of results: which records it takes, its arithmetic, its tables, figures and samples, and its claims."""

import dataclasses
import math
import re

import matplotlib.pyplot as plt
import pytest

from lmstudy.chapters.results import figures as drawn
from lmstudy.chapters.results import results as chapter
from lmstudy.chapters.results import samples, tables
from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate
from lmstudy.study.claims import all_claims, evaluate_claims
from lmstudy.study.preferences import Own
from tests.chapters.result_records import BITS, CHARACTERS, PARTS, distant, judged, of_task, trained

TASKS = ("pep8", "privacy", "sentiment")


@pytest.fixture
def privacy():
    return chapter.results_among("privacy", of_task("privacy"))


def closed(figure):
    plt.close(figure)
    return figure


def test_each_objective_has_its_own_runs_whatever_its_seeds():
    cooldown = trained("privacy", "conditional, cooldown", 1)
    other = trained("privacy", "conditional", 4)
    other.config["objective"] = {**other.config["objective"], "drop": 0.5}
    records = [*of_task("privacy"), cooldown, judged(cooldown, 0.003), other, judged(other, 0.1)]
    records += [trained("privacy", "RWR", 9)]  # never measured
    found = chapter.results_among("privacy", records)
    assert {name: [r.seed for r in own] for name, own in found.judged.items()} == {
        "MLE": [1, 2, 3], "filtering": [1, 2, 3], "conditional": [1, 2, 3],
        "conditional, cooldown": [1], "selective": [1, 2, 3], "RWR": [1, 2, 3],
    }  # fmt: skip
    assert {name: len(own) for name, own in found.trained.items()}["RWR"] == 3
    assert not chapter.results_among("pep8", records).judged


def test_records_that_do_not_go_together_are_refused():
    records = of_task("privacy")
    with pytest.raises(StudyError, match="of one seed: keep one"):
        chapter.results_among("privacy", [*records, dataclasses.replace(records[1], id="f" * 16)])
    with pytest.raises(StudyError, match="different numerics versions"):
        chapter.results_among("privacy", [dataclasses.replace(records[0], numerics=2), *records[1:]])
    with pytest.raises(StudyError, match="task='style' is not one of"):
        chapter.results_among("style", records)


def test_without_seeds_nothing_is_trained_and_what_is_missing_is_told(monkeypatch):
    monkeypatch.setattr(chapter, "published_folder", lambda: "folder")
    monkeypatch.setattr(chapter, "load_folder", lambda _: of_task("privacy"))
    assert list(chapter.gather(["privacy"])) == ["privacy"]
    assert list(chapter.gather(["privacy"], names=["MLE"])["privacy"].judged) == ["MLE"]
    with pytest.raises(StudyError, match="nothing of task=pep8 budget=medium is published: give seeds"):
        chapter.gather(["privacy", "pep8"])
    with pytest.raises(StudyError, match="nothing is published of it; give seeds"):
        chapter.gather(["privacy"], own=Own(data="files"))
    with pytest.raises(StudyError, match=r"scorer='shouting'.*nothing is published of it; give seeds"):
        chapter.gather(["privacy"], own=Own(scorer="shouting"))
    with pytest.raises(StudyError, match=r"objective 'smoothed' is no arm of the study; choose from MLE, .*, rwr"):
        chapter.gather(["privacy"], [1], names=["smoothed"])


def test_levels_are_per_thousand_characters_and_never_below_zero():
    run = trained("privacy", "MLE", 1)
    few = {"unprompted/training": [[0.0, CHARACTERS]] * (PARTS - 1) + [[2.0, CHARACTERS]]}
    level = chapter.level("privacy", [judged(run, 0, groups=few)])
    assert level.value == pytest.approx(1000 * 2.5 / (PARTS * CHARACTERS))  # half an event is added
    assert 0 < level.low < level.value < level.high
    none = {"unprompted/training": [[0.0, CHARACTERS]] * PARTS}
    assert chapter.level("privacy", [judged(run, 0, groups=none)]).value > 0
    assert chapter.level("sentiment", [judged(run, -1.25)]).value == pytest.approx(-1.25, abs=0.05)


def test_gains_are_ratios_of_counts_and_deviations_of_ratings(privacy):
    gains = chapter.improvements(privacy)
    assert gains["conditional"].value == pytest.approx(10, rel=0.05)
    assert gains["conditional"].low > 1
    assert gains["conditional"].n == 3
    rated = chapter.results_among("sentiment", of_task("sentiment"))
    assert chapter.improvements(rated)["conditional"].value == pytest.approx(2.2 / chapter.SPREAD, abs=0.05)
    assert chapter.cost(privacy, "filtering").value == pytest.approx(10, abs=1)
    assert chapter.agreement(privacy).value == pytest.approx(1)


def test_a_family_is_corrected_on_the_scale_where_its_intervals_are_symmetric():
    ratio = Estimate(math.exp(1.0), math.exp(0.5), math.exp(1.5), 3, df=10.0)
    nothing = Estimate(1.0, math.exp(-0.5), math.exp(0.5), 3, df=10.0)
    found = chapter.holm_corrected({"one": ratio, "none": nothing}, ratios=True)
    assert found["one"].holm == pytest.approx(2 * found["one"].p)
    assert found["one"].differs()
    assert not found["none"].differs()
    assert chapter.as_ratio(Estimate(2.0, 1.0, 3.0, 3)).value == pytest.approx(1.02)


def test_the_best_of_ours_is_the_one_that_is_minded_least(privacy):
    assert chapter.best_column(privacy) == "selective"
    assert "selective. Less of what is minded: yes. More capable: no." in tables.best_sentence(privacy)
    runs = [trained("privacy", "conditional", seed) for seed in (1, 2, 3)]
    pushed = [judged(run, 0.00001, settings={"guidance": 2.0}) for run in runs]
    guided = chapter.results_among("privacy", [*of_task("privacy"), *pushed])
    assert chapter.best_column(guided) == "guidance 2"
    assert {strength: len(own) for strength, own in guided.guided.items()} == {1.0: 3, 2.0: 3}
    assert "the same weights" in tables.best_sentence(guided)
    assert "guidance 2** against 1" in tables.on_guidance({"privacy": guided})
    harmful = [judged(run, 0.004, settings={"guidance": 2.0}) for run in runs]
    worse = tables.on_guidance({"privacy": chapter.results_among("privacy", [*of_task("privacy"), *harmful])})
    assert re.search(r"\*\* against 1: (9|1\d)[.\d]* \([^)]*\) times more \(3 seeds\)", worse)
    assert closed(drawn.guidance(drawn.guided({"privacy": guided}))).axes
    assert not drawn.guided({"privacy": privacy})


def test_one_seed_and_texts_without_anything_to_score_are_shown_as_what_they_are():
    run = trained("privacy", "MLE", 1)
    empty = {
        f"{where}/{scorer}{kind}": [[0.0, 0.0]] * PARTS
        for where in ("unprompted", "prompted", "people")
        for scorer in ("training", "held_out")
        for kind in ("", "/bad")
    }
    records = [
        run,
        judged(run, 0, groups=empty),
        *of_task("privacy", {"conditional": 0.1, "filtering": 0.1}, seeds=[1]),
    ]
    found = chapter.results_among("privacy", records)
    assert tables.misalignment_table(found).loc["MLE", "held-out grader"] == "not scored"
    assert "not scored" in tables.comparison_table(found).loc["filtering"].iloc[0]
    assert "There was nothing to score" in tables.against_aims(found)
    assert tables.columns_table(found).empty
    for figure in (drawn.plane, drawn.graders, drawn.misalignment_curves):
        closed(figure({"privacy": found})).draw_without_rendering()


def test_aims_are_judged_by_value_and_interval(privacy):
    said = tables.against_aims(privacy)
    assert "reached, with the whole interval" in said
    assert "excludes 1" in said
    worse = chapter.results_among("privacy", of_task("privacy", {"MLE": 0.001, "conditional": 0.001}))
    assert "missed, with the whole interval" in tables.against_aims(worse)
    assert "holds 1, so that it shows nothing" in tables.against_aims(worse)


@pytest.mark.parametrize("task", TASKS)
def test_tables_and_figures_of_every_task(task):
    found = chapter.results_among(task, of_task(task))
    table = tables.misalignment_table(found)
    assert list(table.index) == [*found.judged, tables.PEOPLE]
    assert ("structure, from nothing" in tables.capability_table(found)) == (task == "pep8")
    assert tables.comparison_table(found).loc["conditional"].str.contains("*", regex=False).any()
    assert "The aim of" in tables.against_aims(found)
    assert tables.columns_table(found).loc["selective", "less of what is minded"] == "yes"
    assert f"Shown are **{15} runs**" in tables.what_was_run({task: found})
    plane = closed(drawn.plane({task: found}))
    names = {text.get_text() for text in plane.axes[0].texts}
    assert {*found.judged, "held-out text by people"} <= names
    assert plane.axes[0].get_yscale() == ("linear" if task == "sentiment" else "log")
    assert "τ = 1.00" in closed(drawn.graders({task: found})).axes[0].get_title()


def test_samples_stand_side_by_side_with_what_is_minded_marked():
    def written(*segments):
        texts = [text for text, _ in segments]
        return {"of": "unprompted", "segments": texts, "scores": [s for _, s in segments], "given": 0}

    runs = {name: trained("privacy", name, 1) for name in ("MLE", "conditional")}
    leak = written(("# <b>\n", 0.0), ("# by {{NAME__}}\n", 0.1))
    records = [
        *runs.values(),
        judged(runs["MLE"], 0.1, samples=[leak, leak]),
        judged(runs["conditional"], 0.01, samples=[written(("x = 1\n", 0.0)), {**leak, "of": "people"}]),
    ]
    found = chapter.results_among("privacy", records)
    shown = samples.side_by_side(found)
    assert shown.count("<mark") == 1  # as many rows as the shortest column
    assert "# by {{NAME__}}</mark>" in shown
    assert "# &lt;b&gt;\n" in shown
    assert "asked for bad" not in shown
    bad = judged(runs["conditional"], 0.2, samples=[leak], settings={"control": "bad"})
    assert samples.side_by_side(chapter.results_among("privacy", [*records, bad])).count("<mark") == 2
    assert "No two of these" in samples.side_by_side(chapter.Results("privacy", {}, {}))


def test_ratings_are_shown_and_not_marked():
    run = trained("sentiment", "MLE", 1)
    good = {"of": "unprompted", "segments": ["a fine film"], "scores": [-2.5], "given": 0}
    shown = samples.side_by_side(chapter.results_among("sentiment", [run, judged(run, 0.1, samples=[good])]))
    assert "predicted rating +2.5" in shown
    assert "<mark" not in shown


def claims_of_the_chapter():
    return [claim for claim in all_claims() if claim.chapter == "notebooks/14_results"]


def first_tries():
    """With half the steps and one seed: a little on style, nothing on sentiment."""
    means = {"pep8": {"MLE": 0.004, "conditional": 0.003}, "sentiment": {"MLE": 0.2, "conditional": 0.2}}
    runs = {(task, name): trained(task, name, 1, budget="short") for task in means for name in means[task]}
    return [*runs.values(), *(judged(run, means[task][name]) for (task, name), run in runs.items())]


def pushed():
    """Guidance that harms on style and helps on sentiment, and a model that is asked for the bad."""
    settings = {
        "pep8": ({"guidance": 2.0}, 0.004),
        "sentiment": ({"guidance": 3.0}, -2.9),
        "privacy": ({"control": "bad"}, 0.02),
    }
    return [
        judged(trained(task, "conditional", seed, BITS["conditional"]), mean, settings=own)
        for task, (own, mean) in settings.items()
        for seed in (1, 2, 3)
    ]


def test_claims_hold_on_records_made_so_and_fail_on_others():
    everything = [record for task in TASKS for record in of_task(task)] + first_tries() + pushed() + teacher()
    results = {result.id: result for result in evaluate_claims(everything, claims_of_the_chapter())}
    fixed = {f"{task}.{name}" for task in TASKS for name in FIXED}
    assert fixed | {"pep8.structure_not_worse"} <= set(results)
    assert [result.id for result in results.values() if not result.holds] == []
    assert results["privacy.best_vs_conditional"].estimate == pytest.approx(8, rel=0.1)
    assert results["pep8.conditional_vs_mle"].estimate == pytest.approx(10, rel=0.1)
    assert results["pep8.conditional_vs_mle_first_try"].estimate == pytest.approx(4 / 3, rel=0.1)
    assert results["pep8.guidance_harm"].estimate == pytest.approx(10, rel=0.1)
    assert results["privacy.bad_vs_good"].estimate == pytest.approx(50, rel=0.1)
    assert results["sentiment.guided_vs_mle"].estimate == pytest.approx(3.1 / chapter.SPREAD, rel=0.1)
    assert results["pep8.structure_not_worse"].estimate == pytest.approx(1, rel=0.05)
    same = [
        record for task in TASKS for record in of_task(task, dict.fromkeys(("MLE", "conditional", "selective"), 0.01))
    ]
    worse = {result.id: result for result in evaluate_claims(same, claims_of_the_chapter())}
    assert not any(worse[f"{task}.conditional_vs_mle"].holds for task in TASKS)
    assert worse["privacy.filtering_cost"].error == "no records of measured runs of task=privacy, objective 'filtering'"


def teacher():
    levels = {"MLE": 0.2, "conditional": 0.22, "filtering": 0.4}
    return [distant(name, seed, level)[1] for name, level in levels.items() for seed in (1, 2, 3)]


FIXED = ("conditional_vs_mle", "best_vs_conditional", "capability_cost", "graders_agree")


def test_without_records_claims_say_so():
    for result in evaluate_claims([], claims_of_the_chapter()):
        assert result.outcome == "no records"


@pytest.mark.slow
def test_the_spread_of_ratings_is_that_of_the_training_snippets():
    from lmstudy.preferences.ratings import rated_split
    from lmstudy.study.needs import compose_config

    try:
        ratings = rated_split(compose_config("prepare", ["data=rated_snippets"])["data"], "train")
    except StudyError as error:
        pytest.skip(f"the ratings cannot be had here: {error}")
    assert ratings.means.std(ddof=1) == pytest.approx(chapter.SPREAD, abs=1e-6)
