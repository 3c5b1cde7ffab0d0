"""What the chapter on data shows of its runs: their names, effects on held-out text, memorisation, the verdict.

The arms differ in their corpus or tokenizer, so that their own held-out numbers are about different texts. All of
them are compared on the same plain text (`lmstudy-evaluate measure=likelihood data=...`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lmstudy.evaluation.statistics import Estimate, wilson
from lmstudy.runs.records import Record
from lmstudy.show.tables import with_interval
from lmstudy.study.estimates import bits_per_byte

BUDGET = "brief"
PYTHON_PLAIN, CHINESE_PLAIN = "python_functions", "chinese_reviews"
"""Corpora whose held-out text all arms of a language are compared on."""
REFERENCE = "as it is"
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


def copied_share(records: Sequence[Record], of: str) -> Estimate:
    """Share of texts that hold a run of training text, with Wilson's interval, n being texts.

    Args:
        records: of `measure=memorisation`, one a seed.
        of: "samples", which are pooled over the seeds; or "documents", which are the same for all seeds.
    """
    taken = records if of == "samples" else records[:1]
    hits = np.concatenate([np.array(record.groups[f"memorisation/{of}"])[:, 0] for record in taken])
    return wilson(float(hits.sum()), len(hits))


def copied_table(evaluations: Mapping[str, Sequence[Record]]) -> pd.DataFrame:
    """Of samples and of people's documents: shares that copy, in per cent, the median of the longest runs, lengths."""
    columns: dict[str, dict[str, str]] = {}
    for of, title in SOURCES.items():
        prefix = f"memorisation/{of}"
        for name, records in evaluations.items():
            share, row = copied_share(records, of), columns.setdefault(name, {})
            row[f"{title} that copy, %"] = with_interval(_times(share, 100), ".1f")
            row[f"longest run, {title}"] = f"{np.mean([r.metrics[f'{prefix}/longest_median'] for r in records]):.0f}"
            row[f"length, {title}"] = f"{np.mean([r.metrics[f'{prefix}/characters'] for r in records]):.0f}"
    return pd.DataFrame(columns).T


SOURCES = {"samples": "samples", "documents": "held-out documents"}
"""What is searched for training text -> how the chapter calls it."""


def more_copied(evaluations: Mapping[str, Sequence[Record]], reference: str) -> dict[str, Estimate]:
    """Percentage points of samples that copy more than in `reference`; see `difference_of_shares`."""
    first = evaluations[reference]
    return {
        name: difference_of_shares(copied_share(records, "samples"), copied_share(first, "samples"), len(records))
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
    return Estimate(100 * value, 100 * low, 100 * high, seeds)


def longest_copy(records: Sequence[Record]) -> dict[str, object]:
    """The longest run of training text that any seed's samples hold: `characters`, `run` and the `document`'s id."""
    found = [s for record in records for s in record.samples if isinstance(s, dict) and s["of"] == "samples"]
    return dict(max(found, key=lambda sample: float(str(sample["characters"]))))


def bytes_a_token(records: Sequence[Record], split: str = "valid") -> float:
    """Held-out bytes of a run's own text for each token it predicts: loss in bits a token over bits a byte."""
    ratios = [r.metrics[f"{split}/loss"] / math.log(2) / r.metrics[f"{split}/bits_per_byte"] for r in records]
    return float(np.mean(ratios))


def read_table(arms: Mapping[str, Sequence[Record]]) -> pd.DataFrame:
    """Of each arm: target tokens, what a token stands for, and the text that was predicted in training."""
    rows = {}
    for name, records in arms.items():
        tokens, size = float(np.mean([r.metrics["train/tokens"] for r in records])), bytes_a_token(records)
        rows[name] = {
            "target tokens": f"{tokens:,.0f}",
            "bytes a token": f"{size:.2f}",
            "text predicted, million bytes": f"{tokens * size / 1e6:.2f}",
        }
    return pd.DataFrame(rows).T


def own_and_plain(arms: Mapping[str, Sequence[Record]], plain: Mapping[str, Sequence[Record]]) -> pd.DataFrame:
    """Bits per byte of each arm on the held-out text of its own corpus, and on the same plain text for all."""
    return pd.DataFrame(
        {
            name: {
                "on its own held-out text": with_interval(bits_per_byte(records)),
                "on the same plain text": with_interval(bits_per_byte(plain[name])),
                "seeds": len(records),
            }
            for name, records in arms.items()
        }
    ).T


def reading(effect: Estimate) -> str:
    """What a difference in bits per byte, or in copies, allows to say: less is better."""
    if effect.low > 0:
        return "worse"
    return "better" if effect.high < 0 else "no difference shown"


def verdict(rows: Mapping[str, Verdict]) -> pd.DataFrame:
    """The article's list of steps, with what each did here and what follows from it."""
    table = {}
    for step, row in rows.items():
        table[step] = {
            "what it removes": row.removes,
            "bits per byte with the step": _effect(row.bits, "+.3f"),
            "samples that copy, points": _effect(row.copies, "+.1f"),
            "do it for a language model?": row.advice(),
        }
    return pd.DataFrame(table).T


class Verdict:
    """What is known of one step, each effect being with the step minus without it (below 0 is better)."""

    def __init__(
        self, removes: str, bits: Estimate | None, copies: Estimate | None = None, *, whatever: str | None = None
    ) -> None:
        """`whatever` is the reason to take the step where no harm was shown, if there is one beyond these numbers."""
        self.removes, self.bits, self.copies, self.whatever = removes, bits, copies, whatever

    def advice(self) -> str:
        """Yes or no by the effect on held-out text; where that shows nothing, by the reason beyond it."""
        shown = "no difference shown" if self.bits is None else reading(self.bits)
        if shown == "worse":
            return "no: the text costs more"
        if self.whatever:
            return f"yes: {self.whatever}"
        return "yes: the text costs less" if shown == "better" else "as you like: nothing was shown"


def without_is(
    name: str, removes: str, bits: Mapping[str, Estimate], copies: Mapping[str, Estimate], whatever: str | None = None
) -> Verdict:
    """A step that the corpus as it is has taken, and the arm `name` has not."""
    more = copies.get(name)
    return Verdict(removes, -bits[name], None if more is None else -more, whatever=whatever)


def with_is(name: str, removes: str, bits: Mapping[str, Estimate], copies: Mapping[str, Estimate]) -> Verdict:
    """A step that only the arm `name` has taken."""
    return Verdict(removes, bits[name], copies.get(name))


def _effect(effect: Estimate | None, spec: str) -> str:
    return "not measured" if effect is None else f"{with_interval(effect, spec)}: {reading(effect)}"


def _times(estimate: Estimate, factor: float) -> Estimate:
    return Estimate(estimate.value * factor, estimate.low * factor, estimate.high * factor, estimate.n)
