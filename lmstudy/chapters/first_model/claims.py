"""Claims of the first chapter with a model: the first encoder-decoder against n-grams."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from lmstudy.evaluation.statistics import Estimate, paired_difference
from lmstudy.runs.records import Record
from lmstudy.study.claims import Compute, claim
from lmstudy.study.estimates import group_counts, more_bits
from lmstudy.study.shelf import Shelf
from lmstudy.study.verdicts import UNDECIDED, above

in_bits = partial(claim, chapter="notebooks/02_first_encoder_decoder", unit="bits per byte")
ARM = ("experiment=encoder_decoder", "budget=quick", "trainer.precision=32-true")
"""Overrides of `lmstudy-train` for the published runs."""
PLAIN = ("experiment=encoder_decoder", "budget=quick", "model=transformer", "trainer.precision=bf16-mixed")
"""The same recipe without smear; how its products are rounded makes no difference of this size (chapter 3)."""


def counting(shelf: Shelf, models: Sequence[Record], *, same_tokens: bool = False) -> Record:
    """The 5-gram model with Kneser-Ney smoothing on the corpus of some runs.

    It is counted on the whole training split, or on as many tokens as the first of the runs was trained to predict.
    """
    tokens = int(models[0].metrics["train/tokens"]) if same_tokens else "all"
    return shelf.baseline(f"tokens={tokens}", beside=models[0])


def _baseline_minus_model(split: str, *, same_tokens: bool = False) -> Compute:
    """Bits per byte of a 5-gram model minus those of the encoder-decoders; see `counting`."""

    def compute(shelf: Shelf) -> Estimate:
        models = shelf.trained(*ARM)
        return more_bits([counting(shelf, models, same_tokens=same_tokens)], models, split)

    return compute


def _unseen_minus_seen_packages(shelf: Shelf) -> Estimate:
    unseen, seen = (group_counts(shelf.trained(*ARM), split) for split in ("valid", "valid_files"))
    return paired_difference(unseen, seen, same_groups=False)


def _smear_saves(shelf: Shelf) -> Estimate:
    return more_bits(shelf.trained(*PLAIN), shelf.trained(*ARM))


# fmt: off
in_bits("The same recipe without smear needs more bits per byte on packages never trained on.",
        "first.smear_saves", _smear_saves, above(0), outcome=UNDECIDED)
in_bits("On packages never trained on, the first encoder-decoder needs fewer bits per byte than a 5-gram model with "
        "Kneser-Ney smoothing trained on the whole training split.",
        "first.below_kneser_ney", _baseline_minus_model("valid"), above(0))
in_bits("On packages never trained on, the first encoder-decoder needs fewer bits per byte than a 5-gram model with "
        "Kneser-Ney smoothing trained on as many tokens as it was trained to predict.",
        "first.below_kneser_ney_same_tokens", _baseline_minus_model("valid", same_tokens=True), above(0))
in_bits("Unseen files of packages it was trained on cost the first encoder-decoder fewer bits per byte than files of "
        "packages it has never seen.",
        "first.seen_packages_easier", _unseen_minus_seen_packages, above(0))
in_bits("On unseen files of packages that were trained on, too, the first encoder-decoder needs fewer bits per byte "
        "than a 5-gram model trained on the whole training split.",
        "first.counting_on_familiar_packages", _baseline_minus_model("valid_files"), above(0))
