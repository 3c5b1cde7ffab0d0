"""The chapter of results: which records it takes, its arithmetic, its tables, figures and samples, and its claims."""

import math

import matplotlib.pyplot as plt
import pytest

from lmstudy.chapters.results import figures, tables
from lmstudy.chapters.results import results as chapter
from lmstudy.chapters.results.claims import CHARGED_SEEDS
from lmstudy.chapters.results.results import distances, farther, kl, results
from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate
from lmstudy.study.claims import all_claims, evaluate_claims
from lmstudy.study.preferences import SETTINGS, Own
from lmstudy.study.shelf import NoRecordsError, Shelf
from tests.chapters.result_records import BITS, CHARACTERS, PARTS, TEACHER, distant, judged, of_task, trained
from tests.chapters.test_frontier import AT_EQUAL_BITS

TASKS = ("pep8", "privacy", "sentiment")


@pytest.fixture(scope="module")
def records():
    return of_task("privacy")


@pytest.fixture(scope="module")
def privacy(records):
    return results(Shelf(records), "privacy")


def closed(figure):
    figure.draw_without_rendering()
    plt.close(figure)
    return figure


def test_each_objective_has_its_own_runs_whatever_its_seeds(records):
    cooldown = trained("privacy", "conditional, cooldown", 1)
    other = trained("privacy", "conditional", 4, asked=("objective.drop=0.5",))
    more = [cooldown, judged(cooldown, 0.003), other, judged(other, 0.1)]
    more += [trained("privacy", "RWR", 9)]  # never measured
    found = results(Shelf([*records, *more]), "privacy")
    assert {name: [r.seed for r in own] for name, own in found.judged.items()} == {
        "MLE": [1, 2, 3], "filtering": [1, 2, 3], "conditional": [1, 2, 3],
        "conditional, cooldown": [1], "selective": [1, 2, 3], "RWR": [1, 2, 3],
    }  # fmt: skip
    assert len(found.trained["RWR"]) == 3


def test_what_is_missing_or_unknown_is_told(records):
    shelf = Shelf(records)
    assert list(results(shelf, "privacy", names=["MLE"]).judged) == ["MLE"]
    with pytest.raises(NoRecordsError, match="of measured runs of task=pep8 budget=medium: give seeds"):
        results(shelf, "pep8")
    with pytest.raises(StudyError, match="task='style' is not one of"):
        results(shelf, "style", budget="smoke")
    for own in (Own(data="files"), Own(scorer="shouting")):
        with pytest.raises(StudyError, match="nothing is published of it; give seeds"):
            results(shelf, "privacy", own=own)
    with pytest.raises(StudyError, match=r"objective 'smoothed' is no arm of the study; choose from MLE, .*, rwr"):
        results(shelf, "privacy", [1], names=["smoothed"])


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
    rated = results(Shelf(of_task("sentiment")), "sentiment")
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


def test_the_best_of_ours_is_the_one_that_is_minded_least(records, privacy):
    assert chapter.best_column(privacy) == "selective"
    assert list(tables.columns_table(privacy).loc["selective"].iloc[-3:]) == ["better", "worse", 3]
    runs = [trained("privacy", "conditional", seed) for seed in (1, 2, 3)]
    pushed = [judged(run, 0.00001, settings={"guidance": 2.0}) for run in runs]
    alone = judged(runs[0], 0.00002, settings={"guidance": 3.0})
    guided = results(Shelf([*records, *pushed, alone]), "privacy")
    assert chapter.best_column(guided) == "guidance 2"
    assert {strength: len(own) for strength, own in guided.guided.items()} == {1.0: 3, 2.0: 3, 3.0: 1}
    table = tables.columns_table(guided)
    assert table.loc["guidance 2", "in prediction"] == "the same weights"
    assert list(table.loc[["guidance 2", "guidance 3"], "seeds"]) == [3, 1]
    assert table.loc["guidance 3", "in writing"] == "undecided"  # with one seed, whatever its interval
    assert set(tables.variety_table({"privacy": guided})["Privacy"]) == {0.3}
    axes = closed(figures.guidance({"privacy": guided})).axes[0]
    assert [text.get_text()[-3:] for text in axes.get_yticklabels()] == ["(3)", "(3)", "(1)"]
    assert len(axes.lines) == 5  # a point each, and no interval of a single seed
    assert figures.guidance({"privacy": privacy}) is None


def test_one_seed_and_texts_without_anything_to_score_are_shown_as_what_they_are():
    run = trained("privacy", "MLE", 1)
    empty = {
        f"{where}/{scorer}": [[0.0, 0.0]] * PARTS
        for where in ("unprompted", "prompted", "people")
        for scorer in ("training", "held_out")
    }
    others = of_task("privacy", {"conditional": 0.1, "filtering": 0.1}, seeds=[1])
    found = results(Shelf([run, judged(run, 0, groups=empty), *others]), "privacy")
    assert math.isnan(tables.misalignment_table(found).loc["MLE", "from nothing: held-out grader"].value)
    assert tables.comparison_table(found).loc["filtering"].iloc[0] == "–"
    assert tables.columns_table(found).empty
    for figure in (figures.plane, figures.graders, figures.misalignment_curves):
        closed(figure({"privacy": found}))


@pytest.mark.parametrize("task", TASKS)
def test_tables_and_figures_of_every_task(task):
    found = results(Shelf(of_task(task)), task)
    assert list(tables.misalignment_table(found).index) == [*found.judged, tables.PEOPLE]
    assert ("structure, from nothing" in tables.capability_table(found)) == (task == "pep8")
    assert tables.comparison_table(found).loc["conditional"].str.contains("*", regex=False).any()
    assert tables.columns_table(found).loc["selective", "in writing"] == "better"
    for table, reference in ((tables.comparison_table(found), "MLE"), (tables.columns_table(found), "conditional")):
        unit = f"SD of ratings better than {reference}" if task == "sentiment" else f"{reference}'s score ÷ own"
        assert any(unit in column for column in table.columns)  # a name that is right on both sides of 1
    assert ("1: as many as MLE" in tables.how_to_read(found)) == (task != "sentiment")
    assert f"The chapter shows **{15} runs**" in tables.what_was_run({task: found})
    plane = closed(figures.plane({task: found}))
    assert {*found.judged, "held-out text by people"} <= {text.get_text() for text in plane.axes[0].texts}
    assert plane.axes[0].get_yscale() == ("linear" if task == "sentiment" else "log")
    assert "τ 1.00" in closed(figures.graders({task: found})).axes[0].get_title()


def written(*segments):
    texts, scores = zip(*segments, strict=True)
    return {"of": "unprompted", "segments": list(texts), "scores": list(scores), "given": 0}


def test_samples_stand_together_with_what_is_minded_marked_and_counted():
    runs = {name: trained("privacy", name, 1) for name in ("MLE", "conditional")}
    leak = written(("# <b>\n", 0.0), ("# by {{NAME__}}\n", 0.1))
    records = [
        *runs.values(),
        judged(runs["MLE"], 0.1, samples=[leak, leak]),
        judged(runs["conditional"], 0.01, samples=[written(("x = 1\n", 0.0)), {**leak, "of": "people"}]),
    ]
    shown = tables.samples(results(Shelf(records), "privacy"))
    assert shown.count("<mark") == 1  # as many cards as the shortest column
    assert "# by {{NAME__}}</mark>" in shown
    assert (shown.count("1 of 2 lines bad"), shown.count("0 of 1 lines bad")) == (1, 1)
    assert "asked for bad" not in shown
    bad = judged(runs["conditional"], 0.2, samples=[leak], asked_for=["measure=privacy", *chapter.BAD])
    assert tables.samples(results(Shelf([*records, bad]), "privacy")).count("<mark") == 2
    assert "No two of these" in tables.samples(chapter.Results("privacy", {}, {}))
    run = trained("sentiment", "MLE", 1)
    rated = judged(run, 0.1, samples=[written(("a fine film", -2.5))])
    shown = tables.samples(results(Shelf([run, rated]), "sentiment"))
    assert ("predicted rating +2.5" in shown, "<mark" in shown) == (True, False)


def test_a_method_that_is_farther_from_its_own_teacher_is_told():
    made = [TEACHER, *distant("MLE", 1, 0.05, trained("privacy", "MLE", 9))]
    for name, level in {"MLE": 0.2, "filtering": 0.3}.items():
        made += [record for seed in (1, 2) for record in distant(name, seed, level + 0.01 * seed)]
    found = distances(Shelf({record.id: record for record in made}.values()), "privacy")
    assert list(found) == ["MLE", "filtering"]
    assert kl(found["MLE"]).value == pytest.approx(0.215, abs=0.01)
    e = farther(found, "filtering", "MLE")
    assert e.low > 0
    assert e.value == pytest.approx(0.1, abs=1e-6)  # the same seeds and texts
    table = tables.distance_table(found)
    assert table.loc["MLE", "more than MLE"] is None
    assert table.loc["filtering", "more than MLE"] == e
    with pytest.raises(NoRecordsError, match="'conditional' from a teacher"):
        farther(found, "conditional", "MLE")
    assert distances(Shelf(made[1:]), "privacy") == {}  # no teacher


def test_two_teachers_count_together_and_leave_out_the_seeds_of_both():
    other = trained("privacy", "MLE", 3, asked=("budget.steps=1600", "budget.evaluate_every=400"))
    made = [TEACHER, other]
    for name, level in {"MLE": 0.2, "filtering": 0.3}.items():
        made += [record for seed in (1, 2, 3, 4) for record in distant(name, seed, level)]  # of the first alone
        made += [distant(name, seed, 2 * level, TEACHER, other)[1] for seed in (1, 2, 3, 4)]
    found = distances(Shelf({record.id: record for record in made}.values()), "privacy")
    assert {record.seed for records in found.values() for record in records} == {2, 4}
    assert kl(found["filtering"]).value == pytest.approx(0.6, abs=0.01)
    table = tables.distance_table(found)
    assert table.loc["MLE", "SD between teachers"] == pytest.approx(0.07)
    assert list(table["seeds"]) == [2, 2]


def test_settings_are_compared_with_the_same_seed_and_those_not_tried_are_left_out():
    levels = {("RWR", 1): 0.004, ("RWR", 4): 0.1, ("RWR, β = 3", 1): 0.002}
    runs = {key: trained("privacy", *key) for key in levels}
    measured = [judged(run, levels[key]) for key, run in runs.items()]
    assert {len(settings) for settings in SETTINGS.values()} == {2}  # the same effort for all
    table = tables.settings_table(Shelf([*runs.values(), *measured]), "privacy")
    assert list(table.index) == ["RWR, as in the study", "RWR, β = 3"]
    assert [e.value for e in table["training scorer"]] == pytest.approx([4, 2], rel=0.1)


def claims_of_the_chapter():
    """The exploratory ones but those at equal bits; what is registered is tested with the register."""
    return [
        claim
        for claim in all_claims()
        if claim.chapter == "notebooks/14_results" and claim.registered is None and claim.id not in AT_EQUAL_BITS
    ]


def first_tries():
    """With half the steps, a lower rate and one seed: a little on style, nothing on sentiment."""
    means = {"pep8": {"MLE": 0.004, "conditional": 0.003}, "sentiment": {"MLE": 0.2, "conditional": 0.2}}
    found = []
    for task, own in means.items():
        for name, mean in own.items():
            run = trained(task, name, 1, budget="short", asked=("optimizer=muon",))
            found += [run, judged(run, mean)]
    return found


def pushed():
    """Guidance that harms on style and helps on sentiment, and a model that is asked for the bad."""
    asked = {
        "pep8": (("measure.guidance=2.0",), 0.004),
        "sentiment": (("measure.guidance=3.0",), -2.9),
        "privacy": (chapter.BAD, 0.02),
    }
    return [
        judged(trained(task, "conditional", seed, BITS["conditional"]), mean, asked_for=(f"measure={task}", *own))
        for task, (own, mean) in asked.items()
        for seed in (1, 2, 3)
    ]


def teacher():
    levels = {"MLE": 0.2, "conditional": 0.22, "filtering": 0.4}
    return [TEACHER, *(distant(name, seed, level)[1] for name, level in levels.items() for seed in (1, 2, 3))]


def rewritten():
    """Rewriting that leaves a tenth of MLE's violations, and costs bits."""
    found = []
    for task, asked_for, seeds in (
        ("privacy", ("measure=privacy", "split=test"), (31, 32, 33)),
        ("pep8", ("measure=pep8",), (1, 2, 3)),
    ):
        for name, mean, bits in (("MLE", 0.004, 2.0), ("rewriting", 0.0004, 2.1)):
            if name == "rewriting" or task == "privacy":
                runs = [trained(task, name, seed, bits) for seed in seeds]
                found += [record for run in runs for record in (run, judged(run, mean, asked_for=asked_for))]
    return found


def charged_on_good_text():
    """A hundredth more bits on good text, and two hundredths on all text, which must not be taken for it."""
    found = []
    for task, seeds in CHARGED_SEEDS.items():
        for name, bits in (("MLE", 100.0), ("conditional", 101.0)):
            groups = {"test": [[2 * bits - 100, 100.0]] * PARTS, "test/good": [[bits, 100.0]] * PARTS}
            runs = [trained(task, name, seed) for seed in seeds]
            asked_for = ("measure=code_length", "split=test")
            found += [one for run in runs for one in (run, judged(run, 0.1, asked_for=asked_for, groups=groups))]
    return found


FIXED = ("conditional_vs_mle", "best_vs_conditional", "capability_cost")


def test_claims_hold_on_records_made_so_and_fail_on_others():
    everything = [record for task in TASKS for record in of_task(task)] + first_tries() + pushed() + teacher()
    everything += rewritten() + charged_on_good_text()
    found = {result.id: result for result in evaluate_claims(everything, claims_of_the_chapter())}
    assert {f"{task}.{name}" for task in TASKS for name in FIXED} | {"pep8.structure_not_worse"} <= set(found)
    single = {"pep8.conditional_vs_mle_first_try", "sentiment.conditional_vs_mle_first_try"}
    single |= {"privacy.filtering_gap"}  # both graders see the same
    single |= {"privacy.kl_cost", "privacy.kl_filtering_vs_conditional"}  # without the teacher's seed there are two
    assert {(result.id, result.error) for result in found.values() if not result.holds} == {(x, None) for x in single}
    expected = {
        "privacy.best_vs_conditional": 8,
        "pep8.conditional_vs_mle": 10,
        "pep8.conditional_vs_mle_first_try": 4 / 3,
        "pep8.guidance_harm": 10,
        "privacy.bad_vs_good": 50,
        "privacy.rewriting_cost": 5,
        "pep8.rewriting_vs_mle": 0.1,
        "sentiment.guided_vs_mle": 3.1 / chapter.SPREAD,
        "pep8.structure_not_worse": 1,
        **{f"{task}.cost_on_good": 1 for task in TASKS},
    }
    assert {name: found[name].estimate.value for name in expected} == pytest.approx(expected, rel=0.1)


def test_claims_fail_where_objectives_are_alike_and_where_one_is_missing():
    alike = dict.fromkeys(("MLE", "conditional", "selective"), 0.01)
    same = [record for task in TASKS for record in of_task(task, alike)]
    wanted = [c for c in claims_of_the_chapter() if c.id.endswith((".conditional_vs_mle", ".filtering_cost"))]
    worse = {result.id: result for result in evaluate_claims(same, wanted)}
    assert not any(worse[f"{task}.conditional_vs_mle"].holds for task in TASKS)
    assert worse["privacy.filtering_cost"].error == "no records of measured runs of task=privacy, objective 'filtering'"


def test_without_records_claims_say_so():
    assert {result.outcome for result in evaluate_claims([], claims_of_the_chapter())} == {"no records"}


@pytest.mark.slow
def test_the_spread_of_ratings_is_that_of_the_training_snippets():
    from lmstudy.compose import compose_config
    from lmstudy.preferences.ratings import rated_split

    try:
        ratings = rated_split(compose_config("prepare", ["data=rated_snippets"])["data"], "train")
    except StudyError as error:
        pytest.skip(f"the ratings cannot be had here: {error}")
    assert ratings.means.std(ddof=1) == pytest.approx(chapter.SPREAD, abs=1e-6)


def test_costs_that_leave_control_tokens_out_say_so_wherever_they_are_shown():
    """They favour models that have them; what charges them is registered, and says nothing of the kind."""
    # of those `without`, no model has control tokens
    costs = [claim for claim in all_claims() if claim.unit.startswith("% bits per byte")]
    assert {claim.id.partition(".")[0] for claim in costs} == {
        "pep8",
        "privacy",
        "sentiment",
        "post",
        "zh",
        "own_rates",
    }
    without = {"pep8.rewriting_cost", "privacy.rewriting_cost", "post.restart_cost", "privacy.rwr_cost_vs_filtering"}
    without |= {"zh.cost_charged", "privacy.mild_filtering_cost"}  # nothing is left out
    without |= {f"{task}.cost_on_good" for task in TASKS}
    without |= {claim.id for claim in costs if claim.id.startswith("own_rates.")}  # every decision is charged
    assert {claim.id for claim in costs if "control tokens left out" not in claim.unit} == without
    found = results(Shelf(of_task("privacy")), "privacy")
    tables_of = (tables.capability_table, tables.comparison_table, tables.columns_table)
    assert all(any("control tokens left out" in str(column) for column in make(found)) for make in tables_of)
    assert "control tokens left out" in figures.plane_of_points(found)
