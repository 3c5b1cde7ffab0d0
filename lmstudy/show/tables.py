"""Tables of the book as data frames."""

from collections.abc import Mapping, Sequence
from typing import Any

import datasets
import numpy as np
import pandas as pd
import pyarrow.compute as pc
from pandas.io.formats.style import Styler

from lmstudy.runs.records import Record


def show(table: pd.DataFrame, precision: int = 0) -> Styler:
    """A table as the book shows it: numbers with thousands separators, on the right; nothing cut short."""
    numbers = [column for column in table if pd.to_numeric(table[column], errors="coerce").notna().any()]
    return (
        table.style.format(precision=precision, thousands=",")
        .set_table_attributes('class="dataframe"')
        .set_properties(subset=numbers, **{"text-align": "right"})
        .set_table_styles([{"selector": "th, td", "props": "padding: 0.25em 0.45em; font-size: 0.85em"}])
    )


METRICS = {
    "loss": "loss (nats a token)",
    "perplexity": "perplexity",
    "bits_per_byte": "bits per byte",
    "accuracy": "token accuracy",
    "recall": "macro recall",
    "f1": "macro F1",
}


def source_table(report: Mapping[str, Any]) -> pd.DataFrame:
    """One row a source: version, licence, files, and how many documents came, went and stayed."""
    rows = {}
    for name, source in report["sources"].items():
        removed = sum(step["documents"] for step in source["removed"].values())
        rows[name] = {
            "version": source["version"],
            "licence": source["licence"],
            "used for": source["role"] or "",
            "files": source["files"],
            "functions found": source["documents"],
            "removed": removed,
            "kept": source["kept"]["documents"],
            "characters kept": source["kept"]["characters"],
        }
    table = pd.DataFrame(rows).T
    total = table[["files", "functions found", "removed", "kept", "characters kept"]].sum()
    return pd.concat([table, pd.DataFrame({"all": total}).T]).fillna("")


def reason_table(report: Mapping[str, Any]) -> pd.DataFrame:
    """One row a cleaning step: its reason, and how many documents and characters it removed."""
    removed = [source["removed"] for source in report["sources"].values()]
    return pd.DataFrame(
        {
            step: {
                "why": reason,
                "documents": sum(counts.get(step, {}).get("documents", 0) for counts in removed),
                "characters": sum(counts.get(step, {}).get("characters", 0) for counts in removed),
            }
            for step, reason in report["steps"].items()
        }
    ).T


def removal_table(report: Mapping[str, Any]) -> pd.DataFrame:
    """Documents removed: one row a source, one column a cleaning step."""
    rows = {
        name: {step: source["removed"].get(step, {}).get("documents", 0) for step in report["steps"]}
        for name, source in report["sources"].items()
    }
    table = pd.DataFrame(rows).T
    return pd.concat([table, pd.DataFrame({"all": table.sum()}).T])


def metric_table(records: Sequence[Record], splits: Mapping[str, str]) -> pd.DataFrame:
    """Mean over runs of each metric on each split (column titles are the values of `splits`)."""
    return pd.DataFrame(
        {
            title: {
                label: pd.Series([r.metrics[f"{split}/{key}"] for r in records]).mean()
                for key, label in METRICS.items()
            }
            for split, title in splits.items()
        }
    )


def parameter_table(model: Any) -> pd.DataFrame:
    """Parameters of each part of a model, in the order data flows through it."""
    parts: dict[str, int] = {}
    for name, parameter in model.named_parameters():
        part = name.split(".")[0]
        parts[part] = parts.get(part, 0) + parameter.numel()
    parts["all"] = sum(parts.values())
    return pd.DataFrame({"parameters": parts})


def split_table(report: Mapping[str, Any]) -> pd.DataFrame:
    """Size of each split, and how many bytes a token stands for there."""
    table = pd.DataFrame(report["splits"]).T[["documents", "bytes", "tokens"]]
    table["bytes per token"] = pd.Series(report["tokenizer"]["bytes_per_token"])
    return table.astype({"documents": int, "bytes": int, "tokens": int})


def token_counts(split: datasets.Dataset) -> np.ndarray:
    """Tokens of each document of a split."""
    return pc.list_value_length(split.data.table.column("tokens")).to_numpy()
