"""What worker processes find out about documents before duplicates can be dropped, and how they rewrite them.

A module of its own, so that a worker starts without the heavy libraries that only its parent needs.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from lmstudy.data.cleaning.cuts import shortened
from lmstudy.data.cleaning.deduplication import Deduplication, Sketch, sketches
from lmstudy.data.cleaning.steps import Settings, clean

Finding = tuple[str | None, Sketch | None]
"""The cleaning step that drops a document, or what deduplication, where it is on, needs to know of it."""

Rewritten = Counter[tuple[str, str, str]]
"""Documents changed, words and characters taken out, by (source, step, which of them)."""


def examine(texts: Sequence[str], steps: Settings, settings: Deduplication | None) -> list[Finding]:
    """Clean some documents and sketch those that stay."""
    cleaned = [clean(text, steps) for text in texts]
    if settings is None:
        return [(of.objection, None) for of in cleaned]
    made = sketches([of.text for of in cleaned if of.objection is None], settings)
    return [(None, next(made)) if of.objection is None else (of.objection, None) for of in cleaned]


def rewrite(batch: Mapping[str, Sequence[Any]], steps: Settings) -> tuple[dict[str, Sequence[Any]], Rewritten]:
    """Columns of documents that stay, as the rewriting steps leave them, and counts of what these took out."""
    texts, segment_lengths = [], []
    counts: Rewritten = Counter()
    for source, text, lengths in zip(batch["source"], batch["text"], batch["segment_lengths"], strict=True):
        cleaned = clean(text, steps)
        for step, cuts in cleaned.cuts.items():
            lengths = shortened(lengths, cuts.spans)
            counts[source, step, "documents"] += bool(cuts.spans)
            counts[source, step, "words"] += cuts.words
            counts[source, step, "characters"] += cuts.characters
        texts.append(cleaned.text)
        segment_lengths.append(lengths)
    return {**batch, "text": texts, "segment_lengths": segment_lengths}, counts
