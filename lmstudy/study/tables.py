"""Tables of the book as data frames."""

from collections.abc import Mapping, Sequence
from typing import Any

import datasets
import numpy as np
import pandas as pd
import pyarrow.compute as pc

from lmstudy.study.records import Record

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
    table = pd.DataFrame(rows).T.rename_axis("package")
    total = table[["files", "functions found", "removed", "kept", "characters kept"]].sum()
    return pd.concat([table, pd.DataFrame({"all": total}).T]).fillna("")


def removal_table(report: Mapping[str, Any]) -> pd.DataFrame:
    """One row a cleaning step, with its reason; one column a source, documents removed."""
    columns = {
        name: {step: counts["documents"] for step, counts in source["removed"].items()}
        for name, source in report["sources"].items()
    }
    table = pd.DataFrame(columns).reindex(list(report["steps"])).fillna(0).astype(int)
    table.insert(0, "all", table.sum(axis=1))
    table.insert(0, "why", pd.Series(report["steps"]))
    return table.rename_axis("step")


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
    ).rename_axis("metric")


def parameter_table(model: Any) -> pd.DataFrame:
    """Parameters of each part of a model, in the order data flows through it."""
    parts: dict[str, int] = {}
    for name, parameter in model.named_parameters():
        part = name.split(".")[0]
        parts[part] = parts.get(part, 0) + parameter.numel()
    parts["all"] = sum(parts.values())
    return pd.DataFrame({"parameters": parts}).rename_axis("part")


def split_table(report: Mapping[str, Any]) -> pd.DataFrame:
    """Size of each split, and how many bytes a token stands for there."""
    table = pd.DataFrame(report["splits"]).T[["documents", "bytes", "tokens"]]
    table["bytes per token"] = pd.Series(report["tokenizer"]["bytes_per_token"])
    return table.rename_axis("split").astype({"documents": int, "bytes": int, "tokens": int})


def token_counts(split: datasets.Dataset) -> np.ndarray:
    """Tokens of each document of a split."""
    return pc.list_value_length(split.data.table.column("tokens")).to_numpy()
