"""Second stage: clean, drop duplicates over the whole corpus, split; plant lines in what is trained on, if asked."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lmstudy.data import tables
from lmstudy.data.cleaning.deduplication import Deduplicator
from lmstudy.data.cleaning.examination import Rewritten, examine, rewrite
from lmstudy.data.cleaning.steps import clean, rewrites
from lmstudy.data.parallel import ordered_map
from lmstudy.data.planting import plant
from lmstudy.data.settings import Pipeline
from lmstudy.data.splits import NAMES, assign, unit_hash
from lmstudy.data.stages.left_out import key_of
from lmstudy.errors import StudyError

if TYPE_CHECKING:
    import datasets

VERSION = 1
"""Raised when a change here, or in cleaning, deduplication or splits, alters what is kept or where."""


def select(
    documents: Path, folder: Path, pipeline: Pipeline, roles: Mapping[str, str | None], advice: Mapping[str, str] = {}
) -> str:
    """Write one Arrow file a split and `counts.json`: per source what each step removed and rewrote, and the splits.

    Returns how many documents are kept, in words.

    Raises:
        StudyError: nothing is left (with what each step removed), nothing is left to train on, or the corpus
            cannot be split as asked.
    """
    rows = tables.read(documents)
    removed, kept = _survivors(rows, pipeline)
    _refuse_nothing(removed, len(kept), len(rows), advice)
    sources, units = _units(rows, kept, by_document=pipeline.split.by == "document")
    split = assign(units, sources, pipeline.split, roles)
    if not (split == NAMES.index("train")).any():
        raise StudyError("data: no document is left in the training split after cleaning; see data.cleaning")
    rewritten: Rewritten = Counter()
    counts: dict[str, Any] = {"removed": removed, "splits": {}}
    for code, name in enumerate(NAMES):
        chosen = rows.select(kept[split == code])
        if len(chosen):
            batches = _as_kept(chosen, pipeline, rewritten)
            if name == "train" and pipeline.planting:
                batches = plant(batches, len(chosen), pipeline.planting)
            tables.write(folder / f"{name}.arrow", tables.documents(), batches)
            counts["splits"][name] = _sizes(tables.read(folder / f"{name}.arrow"))
    counts["rewritten"] = _nested(rewritten)
    (folder / "counts.json").write_text(json.dumps(counts), encoding="utf-8")
    return f"{len(kept):,} documents"


def _survivors(rows: datasets.Dataset, pipeline: Pipeline) -> tuple[dict[str, Any], NDArray[np.int64]]:
    """Per source and step the documents and characters removed, and the numbers of the rows kept."""
    removed: dict[str, Any] = defaultdict(lambda: defaultdict(lambda: {"documents": 0, "characters": 0}))
    texts = rows.data.column("text")
    duplicates = pipeline.deduplication and Deduplicator(
        pipeline.deduplication, lambda number: clean(texts[number].as_py(), pipeline.cleaning).text
    )
    chunks = (batch["text"] for batch in tables.batches(rows))
    examined = ordered_map(partial(examine, steps=pipeline.cleaning, settings=pipeline.deduplication), chunks)
    kept = []
    for number, (step, sketch) in enumerate(chain.from_iterable(examined)):
        if sketch is not None and duplicates:
            step = duplicates.objection(number, sketch)
        if step is None:
            kept.append(number)
        else:
            row = rows[number]
            removed[row["source"]][step]["documents"] += 1
            removed[row["source"]][step]["characters"] += len(row["text"])
    return removed, np.array(kept, dtype=np.int64)


def _as_kept(rows: datasets.Dataset, pipeline: Pipeline, rewritten: Rewritten) -> Iterator[Mapping[str, Any]]:
    """Columns of rows that stay, rewritten where a step does that; `rewritten` is added to."""
    batches = tables.batches(rows)
    if not rewrites(pipeline.cleaning):
        yield from batches
        return
    for batch, counts in ordered_map(partial(rewrite, steps=pipeline.cleaning), batches):
        rewritten.update(counts)
        yield batch


def _nested(rewritten: Rewritten) -> dict[str, dict[str, dict[str, int]]]:
    nested: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for (source, step, what), number in rewritten.items():
        nested[source][step][what] = number
    return nested


def _units(rows: datasets.Dataset, kept: NDArray[np.int64], by_document: bool) -> tuple[list[str], NDArray[np.uint64]]:
    """Source of each kept document, and the hash of the unit that decides its split."""
    columns = ["source", "path", "id"] if by_document else ["source", "path"]
    sources: list[str] = []
    units: list[int] = []
    for batch in tables.batches(rows.select_columns(columns).select(kept)):
        sources += batch["source"]
        units += map(unit_hash, *(batch[column] for column in columns))
    return sources, np.array(units, dtype=np.uint64)


def _sizes(split: datasets.Dataset) -> dict[str, Any]:
    """Documents, characters and bytes of a split, in all and by source."""
    by_source: dict[str, Counter[str]] = defaultdict(Counter)
    for batch in tables.batches(split.select_columns(["source", "text"])):
        for source, text in zip(batch["source"], batch["text"], strict=True):
            by_source[source].update(documents=1, characters=len(text), bytes=len(text.encode()))
    total: Counter[str] = Counter()
    for size in by_source.values():
        total.update(size)
    return {**total, "sources": by_source}


def _refuse_nothing(removed: Mapping[str, Any], kept: int, documents: int, advice: Mapping[str, str]) -> None:
    if kept:
        return
    by_step: Counter[str] = Counter()
    for steps in removed.values():
        by_step.update({step: count["documents"] for step, count in steps.items()})
    listed = ", ".join(
        f"data.cleaning.{step} removed {number} ({key_of(advice, step)})" for step, number in by_step.most_common()
    )
    raise StudyError(f"no document is left of {documents}: {listed}; relax these steps or check data.path")
