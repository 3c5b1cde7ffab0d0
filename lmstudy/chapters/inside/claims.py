"""Claims of the chapter on the inside of models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from lmstudy.chapters.inside import attribution
from lmstudy.chapters.inside.inside import (
    LENGTHS,
    STRONGEST,
    WHOLE,
    Inside,
    mean_entropy,
    over_seeds,
    probe_key,
    steering_key,
    strongest,
)
from lmstudy.evaluation.statistics import Estimate, paired_ratio_of_means, seed_interval
from lmstudy.study.claims import claim
from lmstudy.study.estimates import common_seeds, sums
from lmstudy.study.shelf import Shelf
from lmstudy.study.verdicts import UNDECIDED, above, below, within

SHORT, LONG = LENGTHS[0], LENGTHS[-1]
GOOD, BAD = steering_key("probe", WHOLE), steering_key("probe", -WHOLE)
RANDOM, RANDOM_BACK = steering_key("random", WHOLE), steering_key("random", -WHOLE)
BROKEN, BROKEN_RANDOM = steering_key("probe", STRONGEST), steering_key("random", STRONGEST)
BITS = "bits per byte"
AREA = "of the AUC"
POINTS = "points of attention"
PAIRS, MORE = "% of the pairs", "% of the pairs more"

of_inside = partial(claim, chapter="notebooks/28_inside")
undecided = partial(of_inside, outcome=UNDECIDED)


def _head(kind: str, where: str, shelf: Shelf) -> Estimate:
    """How many points more of attention on a kind the strongest head has than that of the untrained network."""
    records = Inside(shelf).measured("attention", "MLE", LONG)
    return over_seeds(records, lambda m: strongest(m, where, kind) - strongest(m, where, kind, "untrained/"))


def _entropy(where: str, shelf: Shelf) -> Estimate:
    records = Inside(shelf).measured("attention", "MLE", LONG)
    return over_seeds(records, lambda m: mean_entropy(m, where) - mean_entropy(m, where, before="untrained/"))


def _probe(moment: str, other: Callable[[Mapping[str, float], str], float], shelf: Shelf) -> Estimate:
    """The AUC of the decoder's last layer less that of something else in the same record."""
    records = Inside(shelf).measured("probes", "MLE", LONG)
    key = probe_key("decoder", moment, records)
    return over_seeds(records, lambda m: m[key] - other(m, key))


def _earlier(name: str, steps: int, shelf: Shelf) -> Estimate:
    """The AUC ahead of an arm less that of maximum likelihood, by seed."""
    found = Inside(shelf)
    own, reference = common_seeds(found.measured("probes", name, steps), found.measured("probes", "MLE", steps))
    key = probe_key("decoder", "ahead", own)
    return seed_interval([one.metrics[key] - two.metrics[key] for one, two in zip(own, reference, strict=True)])


def _times(first: str, second: str, shelf: Shelf, name: str = "MLE", grader: str = "training") -> Estimate:
    """How many times the items of one way of writing another one has, of the same models."""
    records = Inside(shelf).measured("steered", name, LONG)
    return paired_ratio_of_means(sums(records, f"{first}/{grader}"), sums(records, f"{second}/{grader}"))


def _changed(what: str, key: str, shelf: Shelf) -> Estimate:
    """By how much bits per byte, or the share of texts that ended, of MLE change while a vector is added."""
    records = Inside(shelf).measured("steered", "MLE", LONG)
    e = over_seeds(records, lambda m: m[f"{key}/{what}"] - m[f"plain/{what}"])
    return e.clipped(-1.0) if what == "finished" else e


def _won(score: str, case: str, shelf: Shelf) -> Estimate:
    return attribution.pairs_won(attribution.attributed(shelf), score, case)


def _more_won(first: tuple[str, str], second: tuple[str, str], shelf: Shelf) -> Estimate:
    return attribution.more_won(attribution.attributed(shelf), first, second)


def _agreement(by: str, repeats: int | None, shelf: Shelf) -> Estimate:
    return attribution.agreement(attribution.by_seed(shelf), by, repeats)


def _count_is_better(shelf: Shelf) -> Estimate:
    return attribution.more_agreement(attribution.by_seed(shelf), "repeats", "influence")


# fmt: off
of_inside("A trained decoder has a head that looks at what followed an earlier occurrence more than any untrained one.",
          "inside.induction", partial(_head, "after", "decoder"), above(0), unit=POINTS, signed=True)
of_inside("The decoder has such a head for what the encoder read, too.",
          "inside.induction_cross", partial(_head, "after", "cross"), above(0), unit=POINTS, signed=True)
of_inside("Trained cross-attention is more selective than untrained: its entropy is lower.",
          "inside.cross_entropy", partial(_entropy, "cross"), below(0), unit="of the largest entropy", signed=True)
undecided("Behind a line, a trained decoder's states tell bad from good less well than the mean of the line's words.",
          "inside.words", partial(_probe, "read", lambda m, _: m["words"]), below(0), unit=AREA, signed=True)
of_inside("Before a line, a trained decoder's states tell better than an untrained one's whether it will be bad.",
          "inside.ahead", partial(_probe, "ahead", lambda m, key: m[f"untrained/{key}"]), above(0), unit=AREA,
          signed=True)
undecided("After the shortest training, conditional training's states tell ahead better than those of MLE.",
          "inside.conditional_earlier", partial(_earlier, "conditional", SHORT), above(0), unit=AREA, signed=True)
undecided("After the longest training, they do.",
          "inside.conditional_later", partial(_earlier, "conditional", LONG), above(0), unit=AREA, signed=True)
undecided("After the longest training, filtering's states tell ahead less well than those of MLE.",
          "inside.filtering_later", partial(_earlier, "filtering", LONG), below(0), unit=AREA, signed=True)
undecided("Moved to bad along the probe's direction, MLE writes more items of personal data.",
          "inside.steered_back", partial(_times, BAD, "plain"), above(1), unit="times as many")
of_inside("Moved as far in a random direction, MLE writes more of them, too.",
          "inside.random_back", partial(_times, RANDOM_BACK, "plain"), above(1), unit="times as many")
undecided("Moved to bad, MLE writes more of them than moved as far in a random direction.",
          "inside.steered_back_random", partial(_times, BAD, RANDOM_BACK), above(1), unit="times as many")
undecided("Moved to good along the probe's direction, MLE writes fewer items of personal data.",
          "inside.steered", partial(_times, "plain", GOOD), above(1), unit="times fewer")
undecided("The held-out grader sees it, too.",
          "inside.steered_held_out", partial(_times, "plain", GOOD, grader="held_out"), above(1), unit="times fewer")
undecided("Moved to good, MLE writes fewer of them than moved as far in a random direction.",
          "inside.steered_random", partial(_times, RANDOM, GOOD), above(1), unit="times fewer")
undecided("Conditional training without a control token writes fewer of them, moved to good.",
          "inside.steered_conditional", partial(_times, "plain", GOOD, name="conditional"), above(1),
          unit="times fewer")
of_inside("Behind the bad token, conditional training writes more of them than without a token.",
          "inside.token_bad", partial(_times, "bad", "plain", name="conditional"), above(1), unit="times as many")
undecided("Behind the good token, conditional training writes fewer of them than without a token.",
          "inside.token_good", partial(_times, "plain", "good", name="conditional"), above(1), unit="times fewer")
of_inside("Moved to good by one standard deviation, MLE needs more bits for good text.",
          "inside.cost", partial(_changed, "bits_per_byte", GOOD), above(0), unit=BITS, signed=True)
of_inside("Moved by two, it needs more bits still.",
          "inside.cost_of_two", partial(_changed, "bits_per_byte", BROKEN), above(0), unit=BITS, signed=True)
of_inside("Moved by two, fewer of its texts come to an end.",
          "inside.ended", partial(_changed, "finished", BROKEN), below(0), unit="of the texts", signed=True)
of_inside("Moved as far in a random direction, fewer of them come to an end, too.",
          "inside.ended_random", partial(_changed, "finished", BROKEN_RANDOM), below(0), unit="of the texts",
          signed=True)
of_inside("Gradients of the trained network rank documents with a planted line right in more than 95 % of the pairs.",
          "attribution.finds", partial(_won, "gradient", "read"), above(95), unit=PAIRS)
of_inside("The characters that a document shares with the line rank as well as gradients do, within 2 % of the pairs.",
          "attribution.text", partial(_more_won, ("text", "read"), ("gradient", "read")), within(-2, 2), unit=MORE,
          signed=True)
of_inside("Before training, gradients of the network rank right in more than 90 % of the pairs.",
          "attribution.untrained", partial(_won, "untrained", "read"), above(90), unit=PAIRS)
of_inside("Documents that got a line after training are found as well as those read, within 2 % of the pairs.",
          "attribution.never", partial(_more_won, ("gradient", "never"), ("gradient", "read")), within(-2, 2),
          unit=MORE, signed=True)
of_inside("Without its line, training does not help to find a document, by 10 % of the pairs at most.",
          "attribution.cut", partial(_more_won, ("gradient", "cut"), ("untrained", "cut")), within(-10, 10), unit=MORE,
          signed=True)
of_inside("The number of documents that hold a line tells what leaving them out takes.",
          "attribution.repeats", partial(_agreement, "repeats", None), above(0), unit="rank correlation")
of_inside("The product of gradients times the number of documents tells less of it than the number alone.",
          "attribution.count_is_better", _count_is_better, above(0), unit="of rank correlation", signed=True)
undecided("Among persons in sixteen documents, the product of gradients tells what leaving them out takes.",
          "attribution.leave_out", partial(_agreement, "influence", attribution.LEARNED), above(0),
          unit="rank correlation", signed=True)
