"""First stage: the documents of a source, in an Arrow file with counts of what was left out."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lmstudy.data import tables
from lmstudy.data.documents import Document, Progress, Reading, Source
from lmstudy.data.parallel import ordered_map
from lmstudy.data.stages.left_out import advice_on
from lmstudy.errors import StudyError

VERSION = 1
"""Raised when a change here, or in a source, alters the documents."""


def extract(source: Source, cache: Path, folder: Path, progress: Progress) -> str:
    """Read a source into `documents.arrow` and `counts.json`; returns how many documents these are, in words.

    Raises:
        StudyError: what the source raises, or it has no document at all.
    """
    parts = source.parts(cache, progress)
    counts: dict[str, dict[str, Any]] = {
        name: {"files": 0, "skipped": {}, "documents": 0, "characters": 0} for name in source.about()
    }

    def rows() -> Iterator[dict[str, list[Any]]]:
        for reading in ordered_map(source.read, parts):
            _count(reading, counts)
            yield _columns(reading.documents)

    tables.write(folder / "documents.arrow", tables.documents(), rows())
    documents = sum(of["documents"] for of in counts.values())
    if not documents:
        advice = getattr(source, "advice", {})
        skipped = [(reason, number) for of in counts.values() for reason, number in of["skipped"].items()]
        left = ", ".join(
            f"{number} {reason}" + (f" ({keys})" if (keys := advice_on(advice, reason)) else "")
            for reason, number in skipped
        )
        place = f"data.path={source.path!r}" if hasattr(source, "path") else "data"
        raise StudyError(f"{place} gave no document; left out: {left or 'nothing, its files are empty'}")
    (folder / "counts.json").write_text(json.dumps(counts), encoding="utf-8")
    return f"{documents:,} documents"


def _count(reading: Reading, counts: dict[str, dict[str, Any]]) -> None:
    for name, files in reading.files.items():
        counts[name]["files"] += files
    for (name, reason), number in reading.skipped.items():
        skipped = counts[name]["skipped"]
        skipped[reason] = skipped.get(reason, 0) + number
    for document in reading.documents:
        counts[document.source]["documents"] += 1
        counts[document.source]["characters"] += len(document.text)


def _columns(documents: list[Document]) -> dict[str, list[Any]]:
    """Rows with an id that stays the same from run to run; a name that occurs twice in a file is numbered."""
    seen: Counter[tuple[str, str, str]] = Counter()
    ids = []
    for document in documents:
        key = (document.source, document.path, document.name)
        seen[key] += 1
        again = f"#{seen[key]}" if seen[key] > 1 else ""
        ids.append(f"{document.source}/{document.path}::{document.name}{again}")
    named = {name: [getattr(document, name) for document in documents] for name in ("text", "source", "path", "name")}
    return {"id": ids, **named, "segment_lengths": [list(map(len, document.segments)) for document in documents]}
