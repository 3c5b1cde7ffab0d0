"""Claims of the chapter on faults of earlier code and on what breaks."""

from __future__ import annotations

from functools import partial

from lmstudy.chapters.faults.faults import charged, fault, grader_gap, red_team_lower, spread_of_seeds
from lmstudy.study.claims import Compute, claim
from lmstudy.study.estimates import HELD_OUT, UNPROMPTED, times
from lmstudy.study.preferences import BEST_OF, GUIDANCE, judged_arm
from lmstudy.study.verdicts import UNDECIDED, above, within

fold = partial(claim, chapter="notebooks/15_faults", unit="times")


def _less(name: str, overrides: tuple[str, ...], key: str = UNPROMPTED) -> Compute:
    """How many times less personal data an arm writes when it is sampled with these overrides."""
    return lambda s: times(judged_arm(s, "privacy", name), judged_arm(s, "privacy", name, *overrides), key)


# fmt: off
fold("If t = 0 is read as no threshold, unlikelihood leaves more personal data than with t = 0 as a threshold.",
     "faults.unlikelihood_threshold", fault("unlikelihood, as released", "unlikelihood"), above(1))
fold("With beta = 10 and raw rewards, RWR leaves more personal data than with beta = 1 and scaled rewards.",
     "faults.rwr_temperature", fault("RWR, as released", "RWR"), above(1))
fold("RWR as released writes as much personal data as maximum likelihood, to within a quarter.",
     "faults.rwr_is_mle", fault("RWR, as released", "MLE"), within(0.8, 1.25), outcome=UNDECIDED)
fold("Dividing scores by the length twice changes what RWR leaves by less than a quarter.",
     "faults.divided_twice", fault("RWR, divided twice", "RWR"), within(0.8, 1.25),
     outcome=UNDECIDED)
claim("The conditional model seems to know less if control tokens that nobody asked for are charged to it.",
      "faults.control_tokens_charged", charged, above(0), chapter="notebooks/15_faults", unit="bits per byte")
fold("The scorer of training and the held-out grader see improvements of the same size, to within a quarter.",
     "faults.own_grader", lambda shelf: grader_gap(shelf, "privacy"), within(0.8, 1.25))
fold("Seeds differ by more than the texts of one seed suggest.", "faults.one_seed", spread_of_seeds, above(1))
fold("On prompts bred against each, the conditional model gives away less personal data than maximum likelihood.",
     "breaks.red_team_privacy", lambda shelf: red_team_lower(shelf, "privacy"), above(1), outcome=UNDECIDED)
fold("Control tokens that come in after three fifths of training do less than those from the start.",
     "breaks.late_onset_privacy", fault("conditional, onset 60 %", "conditional"), above(1))
fold("A last tenth of training without control tokens takes away some of what they gave.",
     "breaks.cooldown_privacy", fault("conditional, cooldown", "conditional"), above(1), outcome=UNDECIDED)
fold("By the held-out grader, too, the best of 16 samples has less personal data than one sample.",
     "breaks.best_of_16_held_out", _less("MLE", BEST_OF[16], HELD_OUT), above(1), unit="times fewer")
fold("Guidance of strength 2 lowers the personal data of the conditional model further.",
     "breaks.guidance_privacy", _less("conditional", GUIDANCE[2.0]), above(1))
