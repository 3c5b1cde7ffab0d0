"""The chapter on the corpus: what its report counts, how long its documents are, and how often people break a style
guide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import datasets
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow.compute as pc
from matplotlib.figure import Figure

from lmstudy.data.corpus import Corpus
from lmstudy.preferences.scorers.pep8 import Pep8Scorer
from lmstudy.show.style import COLOURS, GREY


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


def removal_table(report: Mapping[str, Any]) -> pd.DataFrame:
    """Documents removed: one row a source, one column a cleaning step."""
    rows = {
        name: {step: source["removed"].get(step, {}).get("documents", 0) for step in report["steps"]}
        for name, source in report["sources"].items()
    }
    table = pd.DataFrame(rows).T
    return pd.concat([table, pd.DataFrame({"all": table.sum()}).T])


def split_table(report: Mapping[str, Any]) -> pd.DataFrame:
    """Size of each split, and how many bytes a token stands for there."""
    table = pd.DataFrame(report["splits"]).T[["documents", "bytes", "tokens"]]
    table["bytes per token"] = pd.Series(report["tokenizer"]["bytes_per_token"])
    return table.astype({"documents": int, "bytes": int, "tokens": int})


def token_counts(split: datasets.Dataset) -> np.ndarray:
    """Tokens of each document of a split."""
    return pc.list_value_length(split.data.table.column("tokens")).to_numpy()


def token_lengths(lengths: Mapping[str, np.ndarray], context: int) -> Figure:
    """Share of documents of at most so many tokens, one curve a split, and the longest that fits a row."""
    figure, axes = plt.subplots()
    for colour, (name, values) in zip(COLOURS, lengths.items(), strict=False):
        ordered = np.sort(values)
        axes.plot(ordered, np.arange(1, len(ordered) + 1) / len(ordered), color=colour, label=name)
    axes.axvline(context, color=GREY, linestyle="--", linewidth=1)
    axes.text(context * 1.04, 0.04, f"one decoder row: {context} tokens", color=GREY)
    axes.set(xscale="log", ylim=(0, 1), xlabel="tokens of a document", ylabel="share of documents")
    axes.legend(frameon=False, loc="upper left")
    return figure


def survey(corpus: Corpus, documents: int, seed: int) -> tuple[dict[str, np.ndarray], list[tuple[str, str, int]]]:
    """PEP 8 style violations in a random sample of documents of all splits.

    Returns:
        For each source an array [documents, 2] of (lines with a violation, lines), and the violations' codes
        with a message and their number, most frequent first.
    """
    scorer = Pep8Scorer("style")
    rng = np.random.default_rng(seed)
    total = sum(len(split) for split in corpus.splits.values())
    counts: dict[str, list[tuple[int, int]]] = {}
    codes: Counter[str] = Counter()
    messages: dict[str, str] = {}
    for split in corpus.splits.values():
        chosen = rng.choice(len(split), min(len(split), round(documents * len(split) / total)), replace=False)
        for row in split.select(np.sort(chosen)):
            found = scorer.violations(row["text"])
            counts.setdefault(row["source"], []).append((len({v.line for v in found}), row["text"].count("\n")))
            codes.update(v.code for v in found)
            messages.update((v.code, v.message.split("(")[0].strip()) for v in found)
    ranked = [(code, messages[code], count) for code, count in codes.most_common()]
    return {source: np.array(pairs, dtype=float) for source, pairs in counts.items()}, ranked
