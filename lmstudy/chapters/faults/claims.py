"""Claims of the chapter on faults of earlier code and on what breaks."""

from __future__ import annotations

from functools import partial

from lmstudy.chapters.faults.fault_effects import HELD_OUT, charged, fault, grader_gap, red_team_lower, spread_of_seeds
from lmstudy.study.claims import claim
from lmstudy.study.preference_records import arm, judged, measures
from lmstudy.study.preferences import times

fold = partial(claim, chapter="notebooks/15_faults", unit="times", spec=".2f")

fold(
    id="faults.unlikelihood_threshold",
    sentence="With t = 0 taken for no threshold, unlikelihood leaves several times the personal data that it could.",
    holds=lambda e: e.low > 1,
)(fault("unlikelihood, as released", "unlikelihood"))

fold(
    id="faults.rwr_temperature",
    sentence="With beta = 10 and rewards as they are, RWR leaves several times the personal data that it could.",
    holds=lambda e: e.low > 1,
)(fault("RWR, as released", "RWR"))

fold(
    id="faults.rwr_is_mle",
    sentence="RWR as released cannot be told from maximum likelihood.",
    holds=lambda e: e.low <= 1 <= e.high,
)(fault("RWR, as released", "MLE"))

fold(
    id="faults.awr_temperature",
    sentence="With beta = 10 and rewards as they are, AWR leaves several times the personal data that it could.",
    holds=lambda e: e.low > 1,
)(fault("AWR, as released", "AWR"))

fold(
    id="faults.awr_is_mle",
    sentence="AWR as released cannot be told from maximum likelihood.",
    holds=lambda e: e.low <= 1 <= e.high,
)(fault("AWR, as released", "MLE"))

fold(
    id="faults.divided_twice",
    sentence="That scores are divided by the length twice makes no difference to RWR that could be shown.",
    holds=lambda e: e.low <= 1 <= e.high,
)(fault("RWR, divided twice", "RWR"))

claim(
    id="faults.control_tokens_charged",
    chapter="notebooks/15_faults",
    unit="bits per byte",
    sentence="Charged for control tokens that nobody asked for, the conditional model seems to know less.",
    holds=lambda e: e.low > 0,
)(charged)

fold(
    id="faults.own_grader",
    sentence="The scorer of training and the held-out grader see improvements of one size, as far as can be shown.",
    holds=lambda e: e.low <= 1 <= e.high,
)(lambda records: grader_gap(records, "privacy"))

fold(
    id="faults.one_seed",
    sentence="Seeds differ by more than the texts of one seed suggest.",
    holds=lambda e: e.low > 1,
)(spread_of_seeds)

fold(
    id="breaks.red_team_privacy",
    sentence="On prompts bred against each, the conditional model gives away less than maximum likelihood.",
    holds=lambda e: e.low > 1,
    expected=False,
)(lambda records: red_team_lower(records, "privacy"))

fold(
    id="breaks.late_onset_privacy",
    sentence="Control tokens that come in after three fifths of training do less than those from the start.",
    holds=lambda e: e.low > 1,
)(fault("conditional, onset 60 %", "conditional"))

fold(
    id="breaks.cooldown_privacy",
    sentence="A last tenth of training without control tokens takes away much of what they gave.",
    holds=lambda e: e.low > 1,
    expected=False,
)(fault("conditional, cooldown", "conditional"))


@fold(
    id="breaks.best_of_16_held_out",
    unit="times fewer",
    spec=".3g",
    sentence="By the held-out grader, too, the best of 16 samples has less personal data than one sample.",
    holds=lambda e: e.low > 1,
)
def chosen(records):
    one = judged(records, "privacy", "MLE")
    return times(one, measures(records, arm(records, "privacy", "MLE"), best_of=16), HELD_OUT)


@fold(
    id="breaks.guidance_privacy",
    sentence="Guidance of strength 2 lowers the personal data of the conditional model further.",
    holds=lambda e: e.low > 1,
)
def guided(records):
    runs = arm(records, "privacy", "conditional")
    return times(judged(records, "privacy", "conditional"), measures(records, runs, guidance=2.0))
