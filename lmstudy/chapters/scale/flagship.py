"""The study's largest model: what the ladder foretold of it, what it reached, and what it writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import pandas as pd

from lmstudy.chapters.scale.ladder import BITS, FORM_WORDS, Ladder, points, size_and_text
from lmstudy.compose import compose_config
from lmstudy.evaluation.scaling_law import FORMS, Fit, Form, Point, fitted
from lmstudy.evaluation.statistics import Estimate, wilson
from lmstudy.runs.records import Record
from lmstudy.runs.shown_samples import Generated, write
from lmstudy.show.numbers import written
from lmstudy.show.texts import Sample, cards, parses
from lmstudy.study.compute import operations
from lmstudy.study.shelf import Shelf

NAME = "flagship"
"""Of the published model."""
WHOLE = ("experiment=flagship",)
HALF = ("experiment=flagship", "budget.steps=4800")
"""Half as long: the longer one goes on from it."""


def trained(shelf: Shelf) -> list[Record]:
    """Both lengths, the shorter first, as they are published: nothing is trained."""
    return [record for overrides in (HALF, WHOLE) for record in shelf.as_is().trained(*overrides)]


def times_the_least(ladder: Ladder, flagship: Record) -> float:
    """How many times the arithmetic of the ladder's shortest training the flagship took."""
    least = min(operations(one) for own in ladder.values() for records in own.values() for one in records)
    return operations(flagship) / least


def forecasts(ladder: Ladder, parameters: float, tokens: float) -> dict[Form, Estimate]:
    """Bits per byte of one training by each form of the law, fitted to the whole ladder.

    The ladder learned from another corpus, without control tokens, and from much less text.
    """
    return {form: fit.forecast(parameters, tokens) for form, fit in _fits(tuple(points(ladder))).items()}


@cache
def _fits(reached: tuple[Point, ...]) -> dict[Form, Fit]:
    return {form: fitted(reached, form) for form in FORMS}


CHARGED = ("measure=code_length", "documents=1024")
"""Bits per byte with control tokens charged, as `lmstudy-evaluate` measures them."""


def forecast_table(ladder: Ladder, records: Sequence[Record], shelf: Shelf) -> pd.DataFrame:
    """A row a length: target tokens, what each form of the law forecasts, and what was reached."""
    rows = {}
    for record in records:
        (charged,) = shelf.as_is().measured([record], *CHARGED)
        size, tokens = size_and_text(record)
        said = {
            f"{form}, {FORM_WORDS[form]} (95 % interval of one training)": written(forecast)
            for form, forecast in forecasts(ladder, size, tokens).items()
        }
        reached = {"reached": record.metrics[BITS], "with control tokens charged": charged.metrics[BITS]}
        rows[f"{tokens / 1e6:.0f} million target tokens"] = {**said, **reached}
    return pd.DataFrame.from_dict(rows, orient="index")


def inside(ladder: Ladder, records: Sequence[Record]) -> str:
    """A sentence for each length: whether what was reached is within the interval of each form."""
    sentences = []
    for record in records:
        size, tokens = size_and_text(record)
        names = {
            FORM_WORDS[form]: e.low <= record.metrics[BITS] <= e.high
            for form, e in forecasts(ladder, size, tokens).items()
        }
        if len(set(names.values())) == 1:
            where = "inside both intervals" if all(names.values()) else "outside both intervals"
        else:
            where = " and ".join(f"{'inside' if ok else 'outside'} that of {name}" for name, ok in names.items())
        sentences.append(f"After {tokens / 1e6:.0f} million target tokens it was {where}.")
    return " ".join(sentences)


def asked(control: str, count: int, seed: int, *others: str) -> Generated:
    """Texts that the published model writes from nothing, asked for good or bad style, and as `others` say."""
    overrides = [f"run={NAME}", f"control={control}", f"n={count}", f"seed={seed}", *others]
    return write(compose_config("generate", overrides))


def text_table(texts: Mapping[str, Generated]) -> pd.DataFrame:
    """A row a way of asking, in per cent: texts that parse as Python (Wilson's interval), those that the model ended,
    how many of these parse, and lines that break a rule of style. What is cut off at the longest row has no end."""
    rows = {}
    for how, generated in texts.items():
        assert generated.scorer is not None
        right = [parses("".join(sample.segments)) for sample in generated.samples]
        ended = [sample.finished for sample in generated.samples]
        both = sum(one and other for one, other in zip(right, ended, strict=True))
        scores = [score for sample in generated.samples for score in sample.scores if score is not None]
        bad = sum(score > generated.scorer.threshold for score in scores)
        rows[how] = {
            "texts": len(right),
            "parse as Python, %": wilson(sum(right), len(right)).times(100),
            "ended by the model, %": 100 * sum(ended) / len(ended),
            "parse, of those ended, %": wilson(both, sum(ended)).times(100) if any(ended) else None,
            "lines": len(scores),
            "break a rule of style, %": 100 * bad / len(scores),
        }
    return pd.DataFrame.from_dict(rows, orient="index", dtype=object)


def first_texts(texts: Mapping[str, Generated], count: int) -> str:
    """HTML: cards of the first texts of each way of asking; lines that break a rule of style are marked."""
    columns = {how: _marked(generated, count) for how, generated in texts.items()}
    return cards(columns, code=True, longest=700, caption="First texts from nothing, not selected; bad lines marked")


def _marked(generated: Generated, count: int) -> list[Sample]:
    assert generated.scorer is not None
    limit = generated.scorer.threshold
    return [
        Sample(one.segments, [score is not None and score > limit for score in one.scores])
        for one in generated.samples[:count]
    ]
