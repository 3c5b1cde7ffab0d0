"""What is left out of a corpus of one's own, in lines that name the key which would keep it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from lmstudy.data.cleaning import deduplication

WORTH_A_LINE = 0.1
"""Share of the text; of less, the report tells."""


def left_out(
    advice: Mapping[str, str], found: Mapping[str, Any], selected: Mapping[str, Any]
) -> Iterator[tuple[bool, str]]:
    """Whether more than half is left out, and a line on it: first of files, then of text.

    Args:
        advice: keys that would keep what is left out, by the beginning of the reason or by the cleaning step.
        found: counts of the documents by source, as `lmstudy.data.stages.extraction` makes them.
        selected: counts of what each step removed, as `lmstudy.data.stages.selection` makes them.
    """
    files = sum(counts["files"] for counts in found.values())
    skipped: Counter[str] = Counter()
    for counts in found.values():
        skipped.update({reason: number for reason, number in counts["skipped"].items() if advice_on(advice, reason)})
    if skipped:
        reasons = [f"{reason} ({number}; {advice_on(advice, reason)})" for reason, number in skipped.most_common()]
        yield _line(skipped.total(), files, f"{skipped.total():,} of {files:,} files", "files", reasons)
    characters = sum(counts["characters"] for counts in found.values())
    removed: Counter[str] = Counter()
    documents: Counter[str] = Counter()
    for steps in selected["removed"].values():
        for step, count in steps.items():
            removed[step] += count["characters"]
            documents[step] += count["documents"]
    if removed.total() > WORTH_A_LINE * characters:
        reasons = [
            f"{_name(step)} drops {documents[step]:,} ({key_of(advice, step)})" for step, _ in removed.most_common()
        ]
        yield _line(removed.total(), characters, f"{removed.total() / characters:.0%} of the text", "text", reasons)


def key_of(advice: Mapping[str, str], step: str) -> str:
    """What to set so that a step keeps what it drops."""
    if step in deduplication.REASONS:
        return "data.deduplication=null keeps duplicates"
    return advice_on(advice, step) or f"~data.cleaning.{step} leaves the step out"


def advice_on(advice: Mapping[str, str], reason: str) -> str:
    """What to set so that what is left out for a reason is kept; nothing where nobody knows."""
    return next((keys for beginning, keys in advice.items() if reason.startswith(beginning)), "")


def _name(step: str) -> str:
    return step if step in deduplication.REASONS else f"data.cleaning.{step}"


def _line(part: int, whole: int, said: str, what: str, reasons: list[str]) -> tuple[bool, str]:
    most = part > whole / 2
    loud = f"WARNING: MORE THAN HALF OF THE {what.upper()} IS LEFT OUT. " if most else ""
    loud = loud.replace("FILES IS", "FILES ARE")
    return most, f"data: {loud}{said} left out: {', '.join(reasons)}"
