"""Claims of the chapter on objectives at their own rates, on privacy."""

from __future__ import annotations

from functools import partial

from lmstudy.chapters.own_rates.own_rates import NAMES, POOLED, SEEDS, TASK
from lmstudy.evaluation.statistics import Estimate
from lmstudy.study.claims import claim, confirm
from lmstudy.study.estimates import HELD_OUT
from lmstudy.study.preference_ladder import CONDITIONAL, FILTERING, REFERENCE, cost, fewer
from lmstudy.study.shelf import Shelf
from lmstudy.study.verdicts import UNDECIDED, above

of_rates = partial(claim, chapter="notebooks/29_own_rates")


def _fewer(name: str, reference: str, seeds: tuple[int, ...], shelf: Shelf) -> Estimate:
    return fewer(shelf, TASK, name, reference, seeds, HELD_OUT)


def _cost(name: str, reference: str, shelf: Shelf) -> Estimate:
    return cost(shelf, TASK, name, reference, SEEDS)


WORDS = {"conditional": "conditional training", "selective": "the selective loss"}
# fmt: off
for _name in NAMES[1:]:
    _words = WORDS.get(_name, _name)
    of_rates(f"Each at its best rate, {_words} writes fewer items of personal data from nothing than MLE.",
             f"own_rates.{_name.lower()}_fewer", partial(_fewer, _name, REFERENCE, SEEDS), above(1),
             unit="times fewer")
    if _name != CONDITIONAL:
        of_rates(f"Each at its best rate, {_words} needs more bits per byte than conditional training.",
                 f"own_rates.{_name.lower()}_over_marking", partial(_cost, _name, CONDITIONAL), above(0),
                 unit="% bits per byte", signed=True)
for _name in (CONDITIONAL, FILTERING, "selective"):
    of_rates(f"Each at its best rate, {WORDS.get(_name, _name)} needs more bits per byte than MLE.",
             f"own_rates.{_name}_price", partial(_cost, _name, REFERENCE), above(0),
             unit="% bits per byte", signed=True)
of_rates("Over eight seeds, filtering writes fewer items from nothing than conditional training.",
         "own_rates.filtering_pooled", partial(_fewer, FILTERING, CONDITIONAL, POOLED), above(1), unit="times fewer")
for _holds in ("513c28630ba3", "820b71e16bc7"):  # filtering_cost, conditional_cost
    confirm(_holds)
for _undecided in ("2400d47eb309", "d4d18989ae41", "040d80218fcf", "d815939cfcb6", "d3e8156a571e"):
    confirm(_undecided, outcome=UNDECIDED)
