"""Which records are of which arm, and what the chapters on faults and on post-training make of them."""

import numpy as np
import pytest

from lmstudy.chapters.faults import fault_effects
from lmstudy.chapters.faults import faults as breaks_chapter
from lmstudy.chapters.post_training import post_training as post_chapter
from lmstudy.study.claims import NoRecordsError
from lmstudy.study.preference_records import arm, judged, measures, post_trained
from tests.chapters.result_records import judged as measured_run
from tests.chapters.result_records import of_task, trained

RELEASED = {"RWR": 0.0001, "RWR, as released": 0.002, "RWR, divided twice": 0.0004, "MLE": 0.002, "conditional": 0.0005}


@pytest.fixture(scope="module")
def records():
    return of_task("privacy", RELEASED)


def test_arms_differ_by_their_settings_and_by_nothing_else(records):
    for name in RELEASED:
        assert [record.seed for record in arm(records, "privacy", name)] == [1, 2, 3]
    ids = [record.id for name in RELEASED for record in arm(records, "privacy", name)]
    assert len(set(ids)) == len(ids) == 15
    with pytest.raises(NoRecordsError, match="arm 'AWR'"):
        arm(records, "privacy", "AWR")
    with pytest.raises(NoRecordsError, match="task=pep8"):
        arm(records, "pep8", "MLE")


def test_shorter_runs_are_another_arm():
    both = [trained("privacy", "MLE", 1), trained("privacy", "MLE, four fifths", 1)]
    found = [arm(both, "privacy", name) for name in ("MLE", "MLE, four fifths")]
    assert found == [[record] for record in both]


def test_runs_that_also_denoise_are_no_arm():
    usual = trained("sentiment", "MLE", 1)
    mixed = trained("sentiment", "MLE", 1, config={"pretraining": {"_target_": "lmstudy.data.examples.Mixture"}})
    assert arm([usual, mixed], "sentiment", "MLE") == [usual]


def test_each_task_has_its_budget():
    run = trained("pep8", "MLE", 1)
    assert run.config["budget"]["name"] == "medium"
    assert arm([run], "pep8", "MLE") == [run]
    with pytest.raises(NoRecordsError, match="task=pep8, arm 'MLE', budget=short"):
        arm([run], "pep8", "MLE", "short")


def test_a_run_that_starts_from_another_is_no_arm_but_what_became_of_it(records):
    base = trained("privacy", "MLE, four fifths", 1)
    tuned = trained("privacy", "conditional", 7, config={"start": base.id})
    dpo = trained("privacy", "MLE, four fifths", 8, config={"start": base.id, "dpo": {"beta": 0.1}})
    everything = [*records, base, tuned, dpo]
    assert arm(everything, "privacy", "conditional") == arm(records, "privacy", "conditional")
    assert arm(everything, "privacy", "MLE, four fifths") == [base]
    assert post_trained(everything, [base], "conditional") == [tuned]
    assert post_trained(everything, [base], "dpo") == [dpo]


def test_guided_measurements_are_asked_for_by_name(records):
    run = arm(records, "privacy", "conditional")[0]
    guided = measured_run(run, 0.0001, settings={"guidance": 2.0})
    assert guided not in judged([*records, guided], "privacy", "conditional")
    assert measures([*records, guided], [run], guidance=2.0) == [guided]
    assert list(fault_effects.strengths([*records, guided], "privacy")) == [1.0, 2.0]


def test_a_fault_is_how_many_times_worse_the_released_form_is(records):
    found = fault_effects.fault("RWR, as released", "RWR")(records)
    assert found.value == pytest.approx(20, rel=0.1)
    assert found.n == 3
    levels = breaks_chapter.fault_levels(records, "privacy")
    assert set(levels) == set(RELEASED) - {"conditional"}
    assert levels["MLE"].value == pytest.approx(2, rel=0.05)  # per 1,000 characters


def test_graders_that_agree_have_no_gap(records):
    # the held-out grader sees nine tenths of each score, so that both see the same improvement
    assert fault_effects.grader_gap(records, "privacy").value == pytest.approx(1, rel=0.02)


def test_seeds_that_differ_spread_more_than_their_texts():
    wide = [measured_run(trained("privacy", "MLE", s), m) for s, m in ((1, 0.001), (2, 0.002), (3, 0.004))]
    runs = [trained("privacy", "MLE", s) for s in (1, 2, 3)]
    found = fault_effects.spread_of_seeds([*runs, *wide])
    errors = [fault_effects._error(fault_effects.mean([record])) for record in wide]
    expected = np.std([0.001, 0.002, 0.004], ddof=1) / np.mean(errors)
    assert found.value == pytest.approx(expected)
    assert 1 < found.low < found.value < found.high


def test_curves_that_nobody_measured_are_left_out(records, capsys):
    assert breaks_chapter.red_team_curves(records, "privacy") == {}
    assert breaks_chapter.onset_curves(records, "privacy") == {}
    assert breaks_chapter.choice_curves(records, "privacy") == {}
    breaks_chapter.to_be_run("measure=red_team_privacy")
    assert "measure=red_team_privacy" in capsys.readouterr().out


def test_ways_cost_what_their_tokens_say(records):
    bases = [trained("privacy", "MLE, four fifths", seed) for seed in (1, 2)]
    after = [
        trained(
            "privacy", "MLE, four fifths", 10 + seed, config={"start": base.id, "dpo": {"beta": 0.1}},
            metrics={"train/tokens": 70_000.0, "compute/sampled_tokens": 105_000.0, "valid/bits_per_byte": 2.1},
        )
        for seed, base in zip((1, 2), bases, strict=True)
    ]  # fmt: skip
    everything = [*records, *bases, *after, *(measured_run(run, 0.0002) for run in after)]
    found = post_chapter.ways(everything, "privacy")
    assert set(found) == {"MLE", "dpo", "conditional"}
    # (70,000 + 105,000 / 3) tokens at 700,000 / 400 a step are 60 steps on top of 320
    assert found["dpo"].steps == pytest.approx(380)
    assert found["MLE"].steps == 400
    assert post_chapter.levels(found, "privacy")[post_chapter.NAMES["dpo"]].value == pytest.approx(0.2, rel=0.05)
