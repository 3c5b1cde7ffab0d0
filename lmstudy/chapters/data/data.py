"""What the chapter on data shows of its runs: their names, memorisation, what they read, the verdict on each step.

The arms differ in their corpus or tokenizer, so that their own held-out numbers are about different texts. All of
them are compared on the same plain text (`lmstudy-evaluate measure=likelihood data=...`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lmstudy.evaluation.statistics import Estimate, wilson
from lmstudy.overrides import override
from lmstudy.runs.records import Record
from lmstudy.show.numbers import says
from lmstudy.study.estimates import bits_per_byte, mean_metric, sums
from lmstudy.study.shelf import Data, data_overrides

BUDGET = "brief"
PYTHON_PLAIN, CHINESE_PLAIN = "python_functions", "chinese_reviews"
"""Corpora whose held-out text all arms of a language are compared on."""
REFERENCE = "as prepared"
PYTHON = {
    "first_model": REFERENCE,
    "data_duplicates": "duplicates left in",
    "data_noise": "noise left in",
    "data_stop_words": "stop words removed",
    "data_bytes": "single bytes, no merges",
}
"""Experiment -> how the chapter calls what it did to the Python functions."""
PAIRS = "byte pairs"
CHINESE = {
    "chinese": PAIRS,
    "chinese_words": "words, then byte pairs",
    "chinese_stop_words": "stop words removed",
}
"""The same for the Chinese reviews; the first is their reference."""
SOURCES = {"samples": "samples", "documents": "held-out documents"}
"""What is searched for training text -> how the chapter calls it."""


def arms(names: Mapping[str, str], budget: str = BUDGET, data: Data = None) -> dict[str, tuple[str, ...]]:
    """Overrides of `lmstudy-train` for `PYTHON` or `CHINESE`, by the names that the chapter shows."""
    return {
        name: (f"experiment={one}", override("budget", budget), *data_overrides(data)) for one, name in names.items()
    }


def copied_share(records: Sequence[Record], of: str) -> Estimate:
    """Share of texts that hold a run of training text, with Wilson's interval, n being texts.

    Args:
        records: of `measure=memorisation`, one a seed.
        of: "samples", which are pooled over the seeds; or "documents", which are the same for all seeds.
    """
    hits = sums(records if of == "samples" else records[:1], f"memorisation/{of}")[..., 0]
    return wilson(float(hits.sum()), hits.size)


def copied_table(evaluations: Mapping[str, Sequence[Record]]) -> pd.DataFrame:
    """Of samples and of people's documents: shares that copy, in per cent, the median of the longest runs, lengths."""
    columns: dict[str, dict[str, Estimate | int]] = {name: {} for name in evaluations}
    for of, title in SOURCES.items():
        for name, records in evaluations.items():
            columns[name] |= {
                f"{title} that copy, %": copied_share(records, of).times(100),
                f"median longest run, {title}": round(mean_metric(records, f"memorisation/{of}/longest_median")),
                f"length, {title}": round(mean_metric(records, f"memorisation/{of}/characters")),
            }
    return pd.DataFrame.from_dict(columns, orient="index")


def more_copied(evaluations: Mapping[str, Sequence[Record]], reference: str) -> dict[str, Estimate]:
    """Percentage points of samples that copy more than in `reference`; see `difference_of_shares`."""
    first = copied_share(evaluations[reference], "samples")
    return {
        name: difference_of_shares(copied_share(records, "samples"), first, len(records))
        for name, records in evaluations.items()
        if name != reference
    }


def difference_of_shares(one: Estimate, other: Estimate, seeds: int) -> Estimate:
    """Percentage points by which a share is larger, with Newcombe's (1998) interval from two Wilson intervals.

    Unlike a bootstrap it says something where neither share found a single case. The samples of all seeds are taken
    for one set: how much more models differ than their samples do is not in it.
    """
    value = one.value - other.value
    low = value - math.hypot(one.value - one.low, other.high - other.value)
    high = value + math.hypot(one.high - one.value, other.value - other.low)
    return Estimate(value, low, high, seeds).times(100)


def longest_copy(records: Sequence[Record]) -> dict[str, object]:
    """The longest run of training text that any seed's samples hold: `characters`, `run` and the `document`'s id."""
    found = [s for record in records for s in record.samples if isinstance(s, dict) and s["of"] == "samples"]
    return dict(max(found, key=lambda sample: float(str(sample["characters"]))))


def bytes_a_token(records: Sequence[Record], split: str = "valid") -> float:
    """Held-out bytes of a run's own text for each token it predicts: loss in bits a token over bits a byte."""
    ratios = [r.metrics[f"{split}/loss"] / math.log(2) / r.metrics[f"{split}/bits_per_byte"] for r in records]
    return float(np.mean(ratios))


def read_table(runs: Mapping[str, Sequence[Record]]) -> pd.DataFrame:
    """Of each arm: target tokens, what a token stands for, and the text that was predicted in training."""
    rows = {}
    for name, records in runs.items():
        tokens, size = mean_metric(records, "train/tokens"), bytes_a_token(records)
        rows[name] = {
            "target tokens": round(tokens),
            "bytes a token": size,
            "text predicted, million bytes": tokens * size / 1e6,
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def own_and_plain(runs: Mapping[str, Sequence[Record]], plain: Mapping[str, Sequence[Record]]) -> pd.DataFrame:
    """Bits per byte of each arm on the held-out text of its own corpus, and on the same plain text for all."""
    rows = {
        name: {
            "on its own held-out text": bits_per_byte(records),
            "on the same plain text": bits_per_byte(plain[name]),
            "seeds": len(records),
        }
        for name, records in runs.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


@dataclass(frozen=True)
class Verdict:
    """What is known of one step, each effect being with the step minus without it (below 0 is better)."""

    removes: str
    bits: Estimate | None
    """Bits per byte of held-out text; None where it was not measured."""
    copies: Estimate | None = None
    """Percentage points of samples that copy."""
    whatever: str = ""
    """The reason to take the step where no harm was shown, if there is one beyond these numbers."""
    against: str = ""
    """The reason not to take it, whatever these numbers are, if there is one."""

    def advice(self) -> str:
        """No by the reason against the step; yes or no by the effect on held-out text; then by the reason for it."""
        if self.against:
            return f"no: {self.against}"
        shown = says(self.bits) if self.bits else ""
        if shown == "worse":
            return "no: the text costs more"
        if self.whatever:
            return f"yes: {self.whatever}"
        return "yes: the text costs less" if shown == "better" else "undecided"


def verdicts(steps: Mapping[str, Verdict]) -> pd.DataFrame:
    """The article's list of steps, with what each did here and what follows from it."""
    rows = {
        step: {
            "what it removes": of.removes,
            "bits per byte": of.bits,
            "verdict on bits": says(of.bits) if of.bits else "",
            "samples that copy, points": of.copies,
            "verdict on copies": says(of.copies) if of.copies else "",
            "worth it for a language model?": of.advice(),
        }
        for step, of in steps.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index", dtype=object)
