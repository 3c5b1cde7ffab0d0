"""Claims of the chapter on objectives: what each leaves known of planted secrets."""

from __future__ import annotations

from functools import partial

from lmstudy.chapters.objectives.planted import extracted, measured
from lmstudy.evaluation.statistics import Estimate
from lmstudy.study.claims import claim, confirm
from lmstudy.study.estimates import more_paired
from lmstudy.study.shelf import Shelf
from lmstudy.study.verdicts import above, below

KEY = "exposure/16"
"""Of the secrets that were read most often, as in the predictions."""


def _more_known(first: str, second: str, shelf: Shelf) -> Estimate:
    """Bits of exposure that one objective leaves more than another, of the secrets that were read most often."""
    return more_paired(measured(shelf, first, "none"), measured(shelf, second, "none"), KEY)


# fmt: off
claim("A model of maximum likelihood knows planted addresses better than one of filtering.",
      "planted.mle_knows", partial(_more_known, "MLE", "filtering"), above(0),
      chapter="notebooks/13_objectives", unit="bits of exposure", signed=True)
claim("A model of maximum likelihood knows planted addresses better than one of rewriting.",
      "planted.rewriting_forgets", partial(_more_known, "MLE", "rewriting"), above(0),
      chapter="notebooks/13_objectives", unit="bits of exposure", signed=True)
claim("Given a planted name, a model that learned from its line writes the address in less than 1 % of the tries.",
      "planted.extracted", lambda shelf: extracted(shelf).times(100), below(1),
      chapter="notebooks/13_objectives", unit="% of the tries")
confirm("b2cbb1327207")  # planted.marking_keeps
confirm("c0f3f1154ecd")  # planted.asking_hides_nothing
confirm("159a496d5b80")  # planted.selective_forgets
