"""What the benchmarks found, as the speed chapter shows it: read from published records, never measured here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lmstudy.evaluation.statistics import Estimate
from lmstudy.runs.records import Record
from lmstudy.study.claims import all_claims, evaluate_claims
from lmstudy.study.cost import hours_by_kind
from lmstudy.study.estimates import benchmark_line, benchmark_lines, line_estimate
from lmstudy.study.verdicts import FAILS, HOLDS, UNDECIDED, above, below

NAMES = {
    "lmstudy": "lmstudy, compiled",
    "lmstudy_eager": "lmstudy",
    "hf_t5": "Hugging Face T5",
    "hf_t5_compiled": "Hugging Face T5, compiled",
    "lmstudy_bf16": "lmstudy, compiled, bfloat16",
    "hf_t5_compiled_bf16": "Hugging Face T5, compiled, bfloat16",
    "torch_transformer": "torch.nn.Transformer",
}


def ratios(record: Record, measure: str) -> dict[str, Estimate]:
    """Every ratio of a measure, named "compiled / against ..."."""
    return {
        " / ".join(NAMES.get(each[who], each[who]) for who in ("contender", "peer")): line_estimate(each)
        for each in benchmark_lines(record)
        if each["measure"] == measure and each["peer"]
    }


def training_table(record: Record) -> pd.DataFrame:
    """One row a contender: speed, share of the matrix peak, and memory."""
    columns = {
        "tokens_per_second": "tokens a second",
        "utilisation": "% of the float32 peak",
        "peak_memory": "peak memory, MiB",
        "peak_memory_above_start": "added by training, MiB",
    }
    rows: dict[str, dict[str, float]] = {}
    for each in benchmark_lines(record):
        if not each["peer"] and each["measure"] in columns:
            name = NAMES.get(each["contender"], each["contender"])
            times = 100 if each["measure"] == "utilisation" else 1
            rows.setdefault(name, {})[columns[each["measure"]]] = times * each["value"]
    return pd.DataFrame.from_dict(rows, orient="index")[list(columns.values())]


def value_table(record: Record, measures: Mapping[str, str]) -> pd.DataFrame:
    """One row a measure (code to words): its first line without a peer, and the unit."""
    rows = {}
    for measure, words in measures.items():
        each = benchmark_line(record, measure)
        rows[words] = {"measured": line_estimate(each), "unit": each["unit"]}
    return pd.DataFrame.from_dict(rows, orient="index")


TARGETS = (
    ("training tokens/s against T5, uncompiled", "speed.train.hf_eager", above(2.0)),
    ("training tokens/s against T5, compiled", "speed.train.hf_compiled", above(1.4)),
    ("time to T5's quality, times sooner", "speed.time_to_quality", above(3.0)),
    ("sampling 64 sequences against T5", "speed.generate", above(6.0)),
    ("share of the matrix peak while training", "speed.utilisation", above(0.6)),
    ("peak memory against T5", "speed.peak_memory", below(0.6)),
    ("memory on 1 GB of text against 10 MB", "speed.memory_growth", below(1.1)),
    ("overhead of the Trainer, in percent", "speed.lightning_overhead", below(5.0)),
)
"""What was aimed at before anything was measured: words, claim, where the truth was to lie."""
REACHED = {HOLDS: "reached", FAILS: "missed", UNDECIDED: "undecided"}


def target_table(records: Sequence[Record]) -> pd.DataFrame:
    """Each target beside what was measured, and whether the whole interval says that it was reached."""
    claims = {claim.id: claim for claim in all_claims()}
    found = evaluate_claims(records, [claims[name] for _, name, _ in TARGETS])
    rows: dict[str, dict[str, Any]] = {}
    for (words, _, aim), result in zip(TARGETS, found, strict=True):
        e = result.estimate
        rows[words] = {
            "aim": f"above {aim.low:g}" if math.isinf(aim.high) else f"below {aim.high:g}",
            "measured": e,
            "outcome": None if math.isnan(e.value) else REACHED[aim.verdict(e)],
        }
    return pd.DataFrame.from_dict(rows, orient="index", dtype=object)


def core_hours(records: Sequence[Record]) -> pd.DataFrame:
    """Hours of one core that the published records took, by kind; and the same study 10 and 100 times as large.

    Training costs 6 N D operations, N parameters and D tokens (Kaplan et al. 2020), and D is chosen in proportion
    to N (Hoffmann et al. 2022): s times as many parameters cost s squared times as much. That is a rule of thumb, and
    its results are rounded to two digits.
    """
    hours = hours_by_kind(records)
    rows: dict[str, float] = {f"published records: {kind}".replace("_", " "): h for kind, h in sorted(hours.items())}
    rows["all"] = total = sum(hours.values())
    for scale in (10, 100):
        rows[f"estimate with {scale} times the parameters"] = int(float(f"{total * scale**2:.1e}"))
    return pd.DataFrame({"core-hours": pd.Series(rows, dtype=object)})
