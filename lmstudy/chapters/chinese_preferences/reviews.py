"""What the Chinese reviews are: where they are from, in which script, how good their labels are, whom they name.

What was read or compared by hand lies beside this module, with a word on how: `known_corpora.yaml`,
`reviews_read.yaml`, `texts_read.yaml` and `names_read.yaml`. Everything else is counted in the corpus.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd
import yaml

from lmstudy.chapters.chinese_preferences.chinese_preferences import LABELS
from lmstudy.compose import compose_config
from lmstudy.data import source_reviews
from lmstudy.data.corpus import Corpus, prepare
from lmstudy.data.settings import parse
from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate, wilson
from lmstudy.preferences.scorers.privacy_zh import ChinesePrivacyScorer
from lmstudy.runs.records import Record

PER_CENT = 100.0
HELD_OUT = ("valid", "test")
MARKS = POSITIVE, NEGATIVE, UNCLEAR = "positive", "negative", "unclear"
"""What a reader said of a text."""
STANDING = {"whole": "whole reviews", "part": "parts of longer reviews"}
"""How a review stands in known corpora, and how the chapter calls it."""
REPLY, LATER = "宾馆反馈", "补充点评"
"""How a hotel's reply begins, and what a guest added later."""
FULL_WIDTH = {"，": ",", "。": ".", "！": "!", "？": "?", "：": ":", "；": ";", "（": "(", "）": ")"}
"""Marks of Chinese typesetting, each with its half-width rival."""
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?=年)")
_ITEM = re.compile(r"\d{1,2}\s*[.、,，:：)）]")


@dataclass(frozen=True)
class Reviews:
    """The cleaned reviews, held-out ones included."""

    corpus: Corpus
    texts: Mapping[str, str]
    """By id."""
    labels: Mapping[str, str]
    """Positive or negative, by id."""

    @classmethod
    def of(cls, experiment: str) -> Reviews:
        """The reviews that an experiment of `conf/experiment` is trained on.

        Raises:
            StudyError: its corpus has no labels.
        """
        settings = compose_config("train", [f"experiment={experiment}"])["data"]
        source, _ = parse(settings)
        if not isinstance(source, source_reviews.Reviews):
            raise StudyError(f"experiment={experiment}: its texts have no labels; take {LABELS}")
        corpus = prepare(settings)
        rows = [row for own in corpus.splits.values() for row in own.select_columns(["id", "text", "path"])]
        return cls(corpus, {r["id"]: r["text"] for r in rows}, {r["id"]: source.label(r["path"]) for r in rows})


@cache
def read_by_hand(name: str) -> Any:
    """The content of a file beside this module."""
    return yaml.safe_load((files(__package__) / f"{name}.yaml").read_text(encoding="utf-8"))


def known_share(kind: str, splits: Iterable[str] = HELD_OUT) -> float:
    """Share of the reviews of some splits that stand in known corpora as `kind` says."""
    counts = [read_by_hand("known_corpora")["standing"][split] for split in splits]
    return sum(own[kind] for own in counts) / sum(sum(own.values()) for own in counts)


def beside_training() -> float:
    """Share of held-out reviews that are of a longer one of which something else was trained on."""
    known = read_by_hand("known_corpora")
    return sum(known["beside_training"].values()) / sum(sum(known["standing"][s].values()) for s in HELD_OUT)


def beginning(found: Iterable[str], word: str) -> int:
    """How many texts begin with a word."""
    return sum(text.startswith(word) for text in found)


def items_of_lists(found: Iterable[str]) -> int:
    """How many texts begin as an item of a numbered list does."""
    return sum(_ITEM.match(text) is not None for text in found)


def years(found: Iterable[str]) -> Counter[str]:
    """The years that texts name (2008年), and how often."""
    return Counter(year for text in found for year in _YEAR.findall(text))


def is_traditional(text: str) -> bool:
    """Whether a text has more characters of traditional script alone than of simplified script alone.

    Such are characters of Big5 (1984) that GB 2312 (1980) lacks, and the other way round.
    """
    return _only(text, "big5", "gb2312") > _only(text, "gb2312", "big5")


def _only(text: str, one: str, other: str) -> int:
    """Characters that one encoding has and the other does not; signs and letters do not count."""
    return sum("\u4e00" <= sign <= "\u9fff" and _has(sign, one) and not _has(sign, other) for sign in text)


@cache
def _has(sign: str, encoding: str) -> bool:
    try:
        return bool(sign.encode(encoding))
    except UnicodeEncodeError:
        return False


def mark_table(found: Sequence[str]) -> pd.DataFrame:
    """How often each mark is written in full width and in half width, and how many texts have both forms of it."""
    rows = {}
    for full, half in FULL_WIDTH.items():
        counts = [sum(text.count(sign) for text in found) for sign in (full, half)]
        rows[f"{full} and {half}"] = {
            "full width": counts[0],
            "half width": counts[1],
            "full width, %": PER_CENT * counts[0] / sum(counts) if any(counts) else math.nan,
            "texts with both": sum(full in text and half in text for text in found),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def labels_table(labels: Mapping[str, str]) -> pd.DataFrame:
    """How far a reader, who did not see them, agrees with the labels: all that were read, whole reviews, and parts."""
    read = read_by_hand("reviews_read")
    groups = {"all": [*STANDING, "unknown"], **{name: [kind] for kind, name in STANDING.items()}}
    rows = {}
    for name, kinds in groups.items():
        marks = [(mark, labels[i]) for mark in MARKS for kind in kinds for i in read[mark][kind]]
        told = [(mark, label) for mark, label in marks if mark != UNCLEAR]
        rows[name] = {
            "read": len(marks),
            "unclear, %": _share(len(marks) - len(told), len(marks)),
            "agree where clear, %": _share(sum(mark == label for mark, label in told), len(told)),
            "sound negative, label positive": sum(pair == (NEGATIVE, POSITIVE) for pair in told),
            "sound positive, label negative": sum(pair == (POSITIVE, NEGATIVE) for pair in told),
        }
    return pd.DataFrame.from_dict(rows, orient="index", dtype=object)


def _share(some: int, of: int) -> Estimate:
    return wilson(some, of).times(PER_CENT)


def misread(reviews: Reviews, longest: int, count: int) -> dict[str, str]:
    """The first short reviews that sound otherwise than their label says: text -> label."""
    read = read_by_hand("reviews_read")
    ids = [
        i for mark in (NEGATIVE, POSITIVE) for kind in STANDING for i in read[mark][kind] if reviews.labels[i] != mark
    ]
    short = [i for i in ids if len(reviews.texts[i]) <= longest]
    return {reviews.texts[i]: reviews.labels[i] for i in short[:count]}


def grader_table(judged: Mapping[str, Sequence[Record]], bad: float = 0.5) -> pd.DataFrame:
    """What a reader took the kept texts from nothing for, and how often the grader says the same; a row an arm.

    Args:
        judged: measurements by arm; those that were not read are left out.
        bad: above which the grader calls a text negative.
    """
    read = read_by_hand("texts_read")
    rows = {}
    every: list[tuple[str, float]] = []
    for name, records in judged.items():
        known = [record for record in records if record.id in read]
        pairs = [pair for record in known for pair in zip(read[record.id], _scores(record), strict=True)]
        if pairs:
            rows[name] = _verdicts(pairs, bad)
            every += pairs
    return pd.DataFrame.from_dict(
        {**rows, "all": _verdicts(every, bad)} if every else rows, orient="index", dtype=object
    )


def _verdicts(pairs: Sequence[tuple[str, float]], bad: float) -> dict[str, Any]:
    counts = Counter(mark for mark, _ in pairs)
    told = [(mark, score) for mark, score in pairs if mark != UNCLEAR]
    doubtful = [score for mark, score in pairs if mark == UNCLEAR]
    return {
        "texts": len(pairs),
        **{f"{mark}, reader": counts[mark] for mark in MARKS},
        "same verdict where clear, %": _share(sum((mark == NEGATIVE) == (s > bad) for mark, s in told), len(told)),
        "unclear, called negative, %": _share(sum(s > bad for s in doubtful), len(doubtful)),
    }


def _scores(record: Record) -> list[float]:
    samples: Any = record.samples
    return [one["scores"][0] for one in samples if one["of"] == "unprompted"]


def personal_table(found: Mapping[str, str], scorer: ChinesePrivacyScorer) -> pd.DataFrame:
    """How many items of each kind a detector finds, and in how many texts."""
    items = {i: scorer.found(text) for i, text in found.items()}
    rows = {}
    for kind in scorer.kinds:
        own = [[span for span in spans if span[2] == kind.upper()] for spans in items.values()]
        rows[kind.replace("_", " ")] = {"items": sum(map(len, own)), "texts": sum(map(bool, own))}
    return pd.DataFrame.from_dict(rows, orient="index")


def names_right() -> Estimate:
    """Per cent of the detector's names, of those that were read, that name somebody."""
    marks = [right for hits in read_by_hand("names_read")["hits"].values() for right in hits.values()]
    return _share(sum(marks), len(marks))


def names_found(every: Mapping[str, str], scorer: ChinesePrivacyScorer) -> tuple[int, int]:
    """Of the mentions of Chinese names in the reviews that were read: how many the detector touches, and how many."""
    touched = mentions = 0
    for i, names in read_by_hand("names_read")["mentions"].items():
        covered = {place for start, end, _ in scorer.found(every[i]) for place in range(start, end)}
        for name in names:
            places = [match.start() for match in re.finditer(re.escape(name), every[i])]
            mentions += len(places)
            touched += sum(place in covered for place in places)
    return touched, mentions


def per_character(bits_per_byte: Estimate, corpus: Corpus, split: str = "valid") -> Estimate:
    """Bits per character of bits per byte: a Chinese character takes three bytes, a digit or a Latin letter one."""
    size = corpus.report["splits"][split]
    return bits_per_byte.times(size["bytes"] / size["characters"])
