"""What the benchmarks found, as the speed chapter shows it: read from published records, never measured here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from lmstudy.evaluation.statistics import Estimate
from lmstudy.runs.records import Record
from lmstudy.study.claims import ClaimResult
from lmstudy.study.estimates import benchmark_line, benchmark_lines, line_estimate

NAMES = {
    "lmstudy": "lmstudy, compiled",
    "lmstudy_eager": "lmstudy",
    "hf_t5": "Hugging Face T5",
    "hf_t5_compiled": "Hugging Face T5, compiled",
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
        "utilisation": "percent of the peak",
        "peak_memory": "peak memory, MiB",
        "peak_memory_above_start": "of it for training, MiB",
    }
    rows: dict[str, dict[str, float]] = {}
    for each in benchmark_lines(record):
        if not each["peer"] and each["measure"] in columns:
            name = NAMES.get(each["contender"], each["contender"])
            percent = 100 if each["measure"] == "utilisation" else 1
            rows.setdefault(name, {})[columns[each["measure"]]] = percent * each["value"]
    return pd.DataFrame(rows).T[list(columns.values())]


def value_table(record: Record, measures: Mapping[str, str]) -> pd.DataFrame:
    """One row a measure (code to words): its first line without a peer, with unit and interval."""
    rows = []
    for measure, words in measures.items():
        each = benchmark_line(record, measure)
        found = line_estimate(each)
        rows.append({"what": words, "value": found.value, "unit": each["unit"],
                         "95 % interval": found.interval(".3g")})  # fmt: skip
    return pd.DataFrame(rows).set_index("what")


TARGETS = (
    ("training tokens/s against T5, eager", "speed.train.hf_eager", ">=", 2.0),
    ("training tokens/s against T5, compiled", "speed.train.hf_compiled", ">=", 1.4),
    ("time to T5's quality, times sooner", "speed.time_to_quality", ">=", 3.0),
    ("sampling 64 sequences against T5", "speed.generate", ">=", 6.0),
    ("share of the matrix peak while training", "speed.utilisation", ">=", 0.6),
    ("peak memory against T5", "speed.peak_memory", "<=", 0.6),
    ("memory on 1 GB of text against 10 MB", "speed.memory_growth", "<=", 1.1),
    ("overhead of the Trainer, in percent", "speed.lightning_overhead", "<=", 5.0),
)
"""What was aimed at before anything was measured: words, claim, direction, target."""


def target_table(results: Sequence[ClaimResult]) -> pd.DataFrame:
    """Each target beside what was measured, and whether it was reached."""
    by_id = {result.id: result for result in results}
    rows = {}
    for words, claim, direction, target in TARGETS:
        found = by_id[claim]
        reached = found.estimate.value >= target if direction == ">=" else found.estimate.value <= target
        sign = "at least" if direction == ">=" else "at most"
        rows[words] = {
            "aim": f"{sign} {target:g}",
            "measured": f"{found.estimate.value:.2f}",
            "95 % interval": "one measurement" if math.isnan(found.estimate.low) else found.estimate.interval(".2f"),
            "reached": "yes" if reached else "no",
        }
    return pd.DataFrame(rows).T


def core_hours(records: Sequence[Record]) -> pd.DataFrame:
    """Hours of one core that the published records took, by kind; and the same study 10 and 100 times as large.

    Training costs 6 N D operations, N parameters and D tokens (Kaplan et al. 2020), and D is chosen in proportion
    to N (Hoffmann et al. 2022): s times as many parameters cost s squared times as much.
    """
    hours: dict[str, float] = {}
    for record in records:
        cores = record.config.get("trainer", {}).get("threads") or record.hardware.get("cores") or 1  # type: ignore[union-attr]
        hours[record.kind] = hours.get(record.kind, 0.0) + record.wall_seconds / 3600 * float(cores)  # type: ignore[arg-type]
        for sample in record.samples:  # runs that a benchmark trained and keeps as curves alone
            if record.kind == "benchmark" and isinstance(sample, dict) and sample.get("minutes"):
                hours["runs behind a benchmark"] = hours.get("runs behind a benchmark", 0.0) + (
                    float(sample["minutes"]) / 60 * float(cores)  # type: ignore[arg-type]
                )
    total = sum(hours.values())
    rows = {f"published records: {kind}": value for kind, value in sorted(hours.items())}
    rows |= {
        "all": total,
        "all, 10 times the parameters": total * 10**2,
        "all, 100 times the parameters": total * 100**2,
    }
    return pd.DataFrame({"core-hours": rows})
