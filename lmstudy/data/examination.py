"""What worker processes find out about documents before duplicates can be dropped.

A module of its own, so that a worker starts without the heavy libraries that only its parent needs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from lmstudy.data.cleaning import first_objection
from lmstudy.data.deduplication import Deduplication, Sketch, sketches

Finding = tuple[str, None] | tuple[None, Sketch]
"""The cleaning step that drops a document, or what deduplication needs to know of it."""


def examine(
    texts: Sequence[str], steps: Mapping[str, Mapping[str, Any] | None], settings: Deduplication
) -> list[Finding]:
    """Clean some documents and sketch those that stay."""
    objections = [first_objection(text, steps) for text in texts]
    made = sketches([text for text, step in zip(texts, objections, strict=True) if step is None], settings)
    return [(None, next(made)) if step is None else (step, None) for step in objections]
