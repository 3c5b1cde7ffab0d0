"""The answers that records keep: beside each other, and what kinds of mistakes are in them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from lmstudy.data.documents import lines
from lmstudy.data.python_functions import parse_python
from lmstudy.data.segmentation import HAN
from lmstudy.preferences.scorers.pep8 import Pep8Scorer
from lmstudy.runs.records import Record

CHINESE = re.compile(f"[{HAN}]")
Kind = Callable[[Mapping[str, Any]], str]
"""Of a sample with source, target and answer, what is wrong with the answer."""


def answers(
    columns: Mapping[str, Record],
    baselines: Record | None = None,
    also: Sequence[str] = (),
    count: int = 6,
    wrong: bool = False,
) -> dict[str, list[str]]:
    """What was asked in test examples, what people say, and what baselines and networks do, in the records' order.

    Args:
        columns: fine-tunings by the name of their column; the first decides what is wrong.
        baselines: a record of baselines.
        also: those of the baselines that are shown.
        count: examples.
        wrong: only examples that the first column gets wrong.
    """
    own = {name: {sample["id"]: sample for sample in _samples([record])} for name, record in columns.items()}
    theirs = {sample["id"]: sample["answers"] for sample in _samples([baselines] if baselines else [])}
    found: dict[str, list[str]] = {name: [] for name in ("asked", "people", *also, *own)}
    for one, sample in next(iter(own.values())).items():
        shown = not (wrong and span(sample) == SAME) and all(one in column for column in own.values())
        if shown and len(found["asked"]) < count:
            given = {"asked": sample["source"], "people": sample["target"]}
            given |= {title: theirs.get(one, {}).get(title, "") for title in also}
            given |= {title: column[one]["answer"] for title, column in own.items()}
            for title, text in given.items():
                found[title].append(text.rstrip())
    return found


SAME = "exactly the right words"


def span(sample: Mapping[str, Any]) -> str:
    """How the words of an answer that is pointed at lie to those that were looked for."""
    told, known = sample["answer"].split(), sample["target"].split()
    if told == known:
        return SAME
    if _inside(told, known):
        return "a part of the right words"
    if _inside(known, told):
        return "the right words and more"
    return "some right words, and others" if set(told) & set(known) else "no right word"


def _inside(short: Sequence[str], long: Sequence[str]) -> bool:
    return any(list(short) == list(long[i : i + len(short)]) for i in range(len(long) - len(short) + 1))


def message(sample: Mapping[str, Any]) -> str:
    """How much of a person's translation is in an answer, by Chinese characters."""
    told, known = (Counter(CHINESE.findall(sample[key])) for key in ("answer", "target"))
    if span(sample) == SAME:
        return "as people wrote it"
    if not told:
        return "no Chinese character"
    right = (told & known).total() / max(known.total(), 1)
    if right >= 0.5:
        return "at least half of its characters"
    return "some of its characters" if right else "none of its characters"


def body(sample: Mapping[str, Any]) -> str:
    """What Python's grammar minds first in a function."""
    try:
        parse_python(sample["source"] + sample["answer"])
    except SyntaxError as error:
        return _fault(error.msg)
    return "parses"


def _fault(told: str) -> str:
    if "never closed" in told or "unterminated" in told:
        return "a bracket or a string is not closed"
    if "does not match" in told or "unmatched" in told:
        return "a bracket too many, or of another kind"
    if "indent" in told:
        return "a wrong indentation, or no body"
    return "another fault"


def kinds(columns: Mapping[str, Sequence[Record]], kind: Kind) -> pd.DataFrame:
    """Per cent of the answers that the records of each column keep, by what is wrong with them."""
    found = {name: Counter(map(kind, _samples(records))) for name, records in columns.items()}
    shares = {f"{name}, {n.total()} answers": {one: 100 * n[one] / n.total() for one in n} for name, n in found.items()}
    return pd.DataFrame(shares).reindex(_most_common(found)).fillna(0.0)


def broken_rules(columns: Mapping[str, Sequence[Record]]) -> pd.DataFrame:
    """Violations of style in the bodies that records keep, by rule, and in those of people (once)."""
    first = next(iter(columns.values()))[:1]
    written = {"people": [(sample["source"], sample["target"]) for sample in _samples(first)]}
    for name, records in columns.items():
        written[name] = [(sample["source"], sample["answer"]) for sample in _samples(records)]
    found = {
        f"{name}, {len(texts)} bodies": Counter(rule for text in texts for rule in _broken(*text))
        for name, texts in written.items()
    }
    return pd.DataFrame({name: {rule: counts[rule] for rule in _most_common(found)} for name, counts in found.items()})


def _most_common(found: Mapping[str, Counter[str]]) -> list[str]:
    return [name for name, _ in sum(found.values(), Counter()).most_common()]


def _broken(source: str, answer: str) -> list[str]:
    given = len(lines(source))
    violations = Pep8Scorer().violations(source + answer)
    told = [one.message.removeprefix(one.code).partition("(")[0].strip() for one in violations]
    return [f"{one.code} {what}" for one, what in zip(violations, told, strict=True) if one.line > given]


def _samples(records: Sequence[Record]) -> list[Any]:
    return [sample for record in records for sample in record.samples]
