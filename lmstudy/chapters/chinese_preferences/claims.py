"""Claims of the chapter on preferences in Chinese, and across languages."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from lmstudy.chapters.chinese_preferences.chinese_preferences import (
    BAD,
    CHINESE,
    ENGLISH,
    GOOD,
    MLE,
    PROMPTED,
    Labelled,
    below_people,
    bilingual,
    cost,
    cost_charged,
    fewer_by_lexicon,
    labelled,
    lower,
    more_steered,
    own_tokens,
    steered,
    steered_in_points,
)
from lmstudy.evaluation.statistics import Estimate
from lmstudy.runs.records import Record
from lmstudy.study.claims import Compute, claim
from lmstudy.study.estimates import BITS
from lmstudy.study.shelf import Shelf
from lmstudy.study.verdicts import UNDECIDED, above, below

CHAPTER = "notebooks/17_chinese_preferences"
in_points = partial(claim, chapter=CHAPTER, unit="percentage points", signed=True)
in_ratings = partial(claim, chapter=CHAPTER, unit="points of rating", signed=True)
per_cent = partial(claim, chapter=CHAPTER, unit=f"% {BITS}", signed=True)


def _labelled(of: Callable[[Labelled], Estimate]) -> Compute:
    return lambda shelf: of(labelled(shelf))


def _by_lexicon(asked: str) -> Compute:
    return lambda shelf: fewer_by_lexicon(shelf, labelled(shelf), asked)


def _own(shelf: Shelf) -> list[Record]:
    return own_tokens(shelf, labelled(shelf))


# fmt: off
in_points("From nothing and after the good token, conditional training writes fewer negative reviews than MLE.",
          "zh.conditional_vs_mle", _labelled(lambda found: lower(found, GOOD, MLE)), above(0))
in_points("The same model writes fewer negative reviews after the good token than after the bad one.",
          "zh.good_vs_bad", _labelled(lambda found: lower(found, GOOD, BAD)), above(0))
in_points("Asked for good, the conditional model writes fewer negative reviews than people did.",
          "zh.below_people", _labelled(below_people), above(0))
in_points("A model of maximum likelihood writes more negative texts than people did.",
          "zh.mle_above_people", _labelled(lambda found: below_people(found, MLE)), below(0),
          outcome=UNDECIDED)
in_points("After beginnings of people's reviews, too, conditional training writes fewer negative texts than MLE.",
          "zh.prompted", _labelled(lambda found: lower(found, GOOD, MLE, PROMPTED)), above(0))
per_cent("Conditional training costs less than two per cent in bits per byte of held-out reviews.",
         "zh.capability_cost", _labelled(cost), below(2))
claim("With every choice charged, conditional training costs less than two per cent of bits per byte on reviews.",
      "zh.cost_charged", lambda shelf: cost_charged(shelf, labelled(shelf)), below(2), chapter=CHAPTER,
      unit="% bits per byte", signed=True)
in_points("By a lexicon that learned nothing from the reviews, the good token makes fewer texts negative than MLE.",
          "zh.conditional_vs_mle_lexicon", _by_lexicon(MLE), above(0),
          outcome=UNDECIDED)
in_points("By the same lexicon, the good token makes fewer texts negative than the bad one.",
          "zh.good_vs_bad_lexicon", _by_lexicon(BAD), above(0))
in_points("Control tokens that were learned in Chinese steer how Chinese beginnings go on.",
          "zh.own_tokens", lambda shelf: steered_in_points(_own(shelf)), above(0))
in_ratings("After as many steps, control tokens before English texts steer a bilingual model in English.",
           "zh.english", lambda shelf: steered(bilingual(shelf)[ENGLISH]), above(0), outcome=UNDECIDED)
in_points("Control tokens that stood only before English text steer the Chinese text of the same model.",
          "zh.transfer", lambda shelf: steered_in_points(bilingual(shelf)[CHINESE]), above(0), outcome=UNDECIDED)
in_points("Control tokens learned in Chinese steer Chinese text by more than those learned in English.",
          "zh.own_vs_transfer", lambda shelf: more_steered(_own(shelf), bilingual(shelf)[CHINESE]), above(0))
