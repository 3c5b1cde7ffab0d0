"""Samples as lines to read, with what is minded highlighted, or as JSON."""

import json
import os
from collections.abc import Iterator
from typing import Literal, TextIO

from lmstudy.runs.shown_samples import Generated, Sample

BOLD, RED, OFF = "\x1b[1m", "\x1b[31m", "\x1b[0m"
WIDTH = 9
"""Characters of a score."""


def printed(
    generated: Generated, form: Literal["text", "json"], colour: Literal["auto", "always", "never"], stream: TextIO
) -> Iterator[str]:
    """Lines of all samples, as the command prints them to `stream`."""
    if form == "json":
        return json_lines(generated)
    return text_lines(generated, colour == "always" or (colour == "auto" and _likes_colour(stream)))


def _likes_colour(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR")


def json_lines(generated: Generated) -> Iterator[str]:
    """One object a sample."""
    for sample in generated.samples:
        content = {"text": "".join(sample.segments), **vars(sample), **vars(generated.asked), "seed": generated.seed}
        yield json.dumps(content, ensure_ascii=False)


def text_lines(generated: Generated, colour: bool) -> Iterator[str]:
    """A header for each sample, and its segments: marks, score, text.

    Marks are `!` for a segment that scores more than the scorer's threshold, which is red, too, where there is
    colour, and `>` for one that was given.
    """
    scorer = generated.scorer
    for number, sample in enumerate(generated.samples, start=1):
        heading = [f"{number} of {len(generated.samples)}", *([] if scorer is None else [_mean(sample, scorer.unit)])]
        heading.append("finished" if sample.finished else "not finished")
        heading.append(f"control={generated.asked.control}")
        yield _painted(", ".join(heading), BOLD if colour else "")
        for place, (segment, score) in enumerate(zip(sample.segments, sample.scores, strict=True)):
            bad = scorer is not None and score is not None and score > scorer.threshold
            marks = ("!" if bad else " ") + (">" if place < sample.given else " ")
            column = "" if scorer is None else f"{'-' if score is None else format(score, '.4f'):>{WIDTH}} "
            first, *others = segment.removesuffix("\n").split("\n")
            for start, line in [(f"{marks}{column} ", first), *((" " * (len(column) + 3), line) for line in others)]:
                yield _painted(start + _visible(line), RED if colour and bad else "")
        yield ""


def _mean(sample: Sample, unit: str) -> str:
    return "no mean score" if sample.mean is None else f"mean score {sample.mean:.4f} per {unit}"


def _painted(text: str, paint: str) -> str:
    return f"{paint}{text}{OFF}" if paint else text


def _visible(text: str) -> str:
    """The text with codes in the place of characters that would steer a terminal."""
    return "".join(c if c.isprintable() or c in "\t\u3000" else c.encode("unicode_escape").decode() for c in text)
