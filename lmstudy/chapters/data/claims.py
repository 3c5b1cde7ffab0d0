"""Claims of the chapter on data: what each step of preparing text does to a language model."""

from __future__ import annotations

from functools import partial

from lmstudy.chapters.data.data import BUDGET, CHINESE_PLAIN, PYTHON_PLAIN, more_copied
from lmstudy.evaluation.statistics import Estimate
from lmstudy.study.claims import Compute, claim
from lmstudy.study.estimates import common_seeds, more_bits
from lmstudy.study.shelf import Shelf
from lmstudy.study.verdicts import UNDECIDED, above, below, within

CHAPTER = "notebooks/09_data"
in_bits = partial(claim, chapter=CHAPTER, unit="bits per byte", signed=True)
in_points = partial(claim, chapter=CHAPTER, unit="percentage points", signed=True)
PYTHON, CHINESE = "first_model", "chinese"
"""The experiments of the corpora as prepared."""


def _more_bits(arm: str, reference: str, plain: str) -> Compute:
    """Bits per byte of an arm minus those of `reference`, both on the held-out text of the latter's corpus."""

    def compute(shelf: Shelf) -> Estimate:
        runs = [shelf.trained(f"experiment={name}", f"budget={BUDGET}") for name in (arm, reference)]
        other, first = (shelf.measured(own, "measure=likelihood", f"data={plain}") for own in runs)
        other, first = common_seeds(other, first)
        return more_bits(other, first)

    return compute


def _more_copied(arm: str, reference: str) -> Compute:
    """Percentage points of an arm's samples that hold a copy minus those of `reference`."""

    def compute(shelf: Shelf) -> Estimate:
        runs = [shelf.trained(f"experiment={name}", f"budget={BUDGET}") for name in (arm, reference)]
        other, first = common_seeds(*(shelf.measured(own, "measure=memorisation") for own in runs))
        return more_copied({reference: first, arm: other}, reference)[arm]

    return compute


_python = partial(_more_bits, reference=PYTHON, plain=PYTHON_PLAIN)
_chinese = partial(_more_bits, reference=CHINESE, plain=CHINESE_PLAIN)

# fmt: off
in_bits("Within less than an epoch, duplicates in the training text change bits per byte by less than 0.01.",
        "data.duplicates_bits", _python("data_duplicates"), within(-0.01, 0.01), outcome=UNDECIDED)
in_bits("A model trained on text that was not cleaned needs more bits.",
        "data.noise_bits", _python("data_noise"), above(0), outcome=UNDECIDED)
in_bits("A model trained without stop words needs more bits for text as people write it.",
        "data.stop_words_bits", _python("data_stop_words"), above(0), outcome=UNDECIDED)
in_bits("A model of single bytes needs more bits than one of byte pairs that predicts as many tokens.",
        "data.bytes_bits", _python("data_bytes"), above(0), outcome=UNDECIDED)
in_bits("Cutting Chinese into words before byte pairs are learned saves bits, though its tokens are shorter.",
        "data.chinese_words_bits", _chinese("chinese_words"), below(0), outcome=UNDECIDED)
in_bits("A model trained on Chinese without stop words needs more bits for Chinese as people write it.",
        "data.chinese_stop_words_bits", _chinese("chinese_stop_words"), above(0),
        outcome=UNDECIDED)
in_points("Within less than an epoch, duplicates change the share of samples that copy by less than one point.",
          "data.duplicates_memorisation", _more_copied("data_duplicates", PYTHON), within(-1, 1),
          outcome=UNDECIDED)
