"""The chapter on the corpus: what its report counts, how long its documents are, and how often people break a style
guide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import datasets
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow.compute as pc
from matplotlib.figure import Figure

from lmstudy.data.corpus import Corpus
from lmstudy.evaluation.statistics import Estimate, ratio_of_sums_bootstrap
from lmstudy.preferences.scorers.pep8 import Pep8Scorer
from lmstudy.show.labels import plain_axis
from lmstudy.show.style import COLOURS, GREY

SPLITS = {
    "train": "training",
    "valid_files": "held-out files",
    "valid": "held-out packages",
    "test": "held-out packages, kept apart",
}
"""Split -> what it holds, in words."""


def source_table(report: Mapping[str, Any]) -> pd.DataFrame:
    """One row a source: version, licence, files, and how many documents came, went and stayed; and their sums."""
    rows = {
        name: {
            "version": source["version"],
            "licence": source["licence"],
            "used for": source["role"] or "",
            "files": source["files"],
            "functions found": source["documents"],
            "removed": sum(step["documents"] for step in source["removed"].values()),
            "kept": source["kept"]["documents"],
            "characters kept": source["kept"]["characters"],
        }
        for name, source in report["sources"].items()
    }
    return _with_sums(rows).rename_axis("package")


def removal_table(report: Mapping[str, Any]) -> pd.DataFrame:
    """Documents removed: one row a source, one column a cleaning step, named in words; and their sums."""
    rows = {
        name: {in_words(step): source["removed"].get(step, {}).get("documents", 0) for step in report["steps"]}
        for name, source in report["sources"].items()
    }
    return _with_sums(rows).rename_axis("package")


def _with_sums(rows: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """A row "all" below with the sums of the columns of numbers."""
    columns = {key: [row[key] for row in rows.values()] for key in next(iter(rows.values()))}
    sums = {key: sum(own) if all(isinstance(x, int) for x in own) else "" for key, own in columns.items()}
    return pd.DataFrame.from_dict({**rows, "all": sums}, orient="index")


def in_words(step: str) -> str:
    """The name of a cleaning step as a reader knows it."""
    return step.replace("_", " ")


def split_table(report: Mapping[str, Any]) -> pd.DataFrame:
    """Size of each split, and how many bytes a token stands for there."""
    rows = {
        SPLITS[name]: {
            "called": name,
            **{key: int(sizes[key]) for key in ("documents", "bytes", "tokens")},
            "bytes per token": report["tokenizer"]["bytes_per_token"][name],
        }
        for name, sizes in report["splits"].items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def token_counts(split: datasets.Dataset) -> np.ndarray:
    """Tokens of each document of a split."""
    return pc.list_value_length(split.data.table.column("tokens")).to_numpy()


def token_lengths(lengths: Mapping[str, np.ndarray], context: int) -> Figure:
    """Share of documents of at most so many tokens, one curve a split, and the longest that fits a row."""
    figure, axes = plt.subplots()
    for colour, (name, values) in zip(COLOURS, lengths.items(), strict=False):
        ordered = np.sort(values)
        axes.plot(ordered, np.arange(1, len(ordered) + 1) / len(ordered), color=colour, label=SPLITS[name])
    axes.axvline(context, color=GREY, linestyle="--", linewidth=1)
    axes.text(context * 1.04, 0.04, f"one decoder row: {context} tokens", color=GREY)
    axes.set(xscale="log", ylim=(0, 1), xlabel="tokens of a document", ylabel="share of documents")
    plain_axis(axes, "x")
    axes.legend(frameon=False, loc="upper left")
    return figure


def survey(
    corpus: Corpus, documents: int, seed: int
) -> tuple[dict[str, Estimate], Estimate, list[tuple[str, str, int]]]:
    """PEP 8 style violations in a random sample of documents of all splits.

    Returns:
        Per cent of the lines that hold a violation, for each source, lowest first, and for all; and the violations'
        codes with a message and their number, most frequent first.
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
    rates = {source: _percent(pairs) for source, pairs in counts.items()}
    everything = _percent([pair for pairs in counts.values() for pair in pairs])
    ranked = [(code, messages[code], count) for code, count in codes.most_common()]
    return dict(sorted(rates.items(), key=lambda item: item[1].value)), everything, ranked


def _percent(pairs: Sequence[tuple[int, int]]) -> Estimate:
    return ratio_of_sums_bootstrap(np.array(pairs, dtype=float)[None]).times(100)
