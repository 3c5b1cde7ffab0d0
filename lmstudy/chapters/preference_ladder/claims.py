"""Claims of the chapter on preferences along the ladder, on privacy."""

from __future__ import annotations

from functools import partial

from lmstudy.evaluation.statistics import Estimate
from lmstudy.study.claims import claim, confirm
from lmstudy.study.preference_ladder import CONDITIONAL, FILTERING, GRADED, LENGTHS, REFERENCE, SEEDS, cost, fewer
from lmstudy.study.shelf import Shelf
from lmstudy.study.verdicts import HOLDS, UNDECIDED, above

of_ladder = partial(claim, chapter="notebooks/27_preference_ladder")
SHORT, LONG = LENGTHS[0], LENGTHS[-1]
HELD_OUT, TRAINING, PROMPTED = GRADED.values()
COST = "% more bits per byte"


def _fewer(name: str, steps: int, reference: str, key: str, shelf: Shelf) -> Estimate:
    return fewer(shelf, "privacy", name, reference, SEEDS, key, steps)


def _cost(name: str, steps: int, shelf: Shelf) -> Estimate:
    return cost(shelf, "privacy", name, REFERENCE, SEEDS, steps)


# fmt: off
for _name, _words in ((CONDITIONAL, "conditional training"), (FILTERING, "filtering")):
    for _steps, _when in ((SHORT, "first"), (LONG, "last")):
        of_ladder(f"After {_steps:,} steps, {_words} writes fewer items of personal data from nothing than MLE.",
                  f"ladder_privacy.{_name}_at_{_when}", partial(_fewer, _name, _steps, REFERENCE, HELD_OUT), above(1),
                  unit="times fewer", outcome=UNDECIDED if (_name, _steps) == (CONDITIONAL, LONG) else HOLDS)
        of_ladder(f"After {_steps:,} steps, {_words} needs more bits per byte than MLE, every decision charged.",
                  f"ladder_privacy.{_name}_cost_at_{_when}", partial(_cost, _name, _steps), above(0), unit=COST,
                  signed=True, outcome=UNDECIDED if _name == CONDITIONAL else HOLDS)
for _steps, _when in ((SHORT, "first"), (LONG, "last")):
    of_ladder(f"After {_steps:,} steps, filtering writes fewer items from nothing than conditional training.",
              f"ladder_privacy.order_at_{_when}", partial(_fewer, FILTERING, _steps, CONDITIONAL, HELD_OUT), above(1),
              unit="times fewer", outcome=UNDECIDED)
of_ladder(f"After {LONG:,} steps, conditional training writes fewer items than MLE by the training scorer.",
          "ladder_privacy.training_scorer", partial(_fewer, CONDITIONAL, LONG, REFERENCE, TRAINING), above(1),
          unit="times fewer")
of_ladder(f"After {LONG:,} steps, conditional training writes fewer items after a beginning by people than MLE.",
          "ladder_privacy.after_a_beginning", partial(_fewer, CONDITIONAL, LONG, REFERENCE, PROMPTED), above(1),
          unit="times fewer")
confirm("d8f43f9b004d", outcome=UNDECIDED)  # ladder_privacy.conditional
confirm("4ef7377babab", outcome=UNDECIDED)  # ladder_privacy.prompted
confirm("d7405375e624", outcome=UNDECIDED)  # ladder_privacy.cost
confirm("673f7d7736bb", outcome=UNDECIDED)  # ladder_privacy.trend
confirm("e4b3314d5e5c", outcome=UNDECIDED)  # ladder_privacy.filtering_trend
confirm("d75d3c1826be", outcome=UNDECIDED)  # ladder_privacy.overtakes
confirm("01b38581030a")  # ladder_privacy.filtering_cost
for _waiting in ("4e306823a1eb", "171aeffa6799", "b8e9976d0568", "9c4b6441283d"):  # with five new seeds
    confirm(_waiting, outcome=None)
