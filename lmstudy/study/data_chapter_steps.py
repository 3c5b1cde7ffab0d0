"""Each step of preparing text, at work on texts as they were found: what it drops, rewrites, and costs."""

from __future__ import annotations

import difflib
import keyword
import re
import time
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lmstudy.data.cache import cache_folder
from lmstudy.data.cleaning import STEPS, clean
from lmstudy.data.corpus import to_stderr
from lmstudy.data.deduplication import EXACT, NEAR, duplicates, jaccard, shingles
from lmstudy.data.documents import Document
from lmstudy.data.rewriting import without
from lmstudy.data.segmentation import Segmentation, words
from lmstudy.data.settings import Pipeline, parse
from lmstudy.data.tokenizer import encode, train
from lmstudy.errors import StudyError
from lmstudy.study.looks import as_code, parses
from lmstudy.study.tables import reason_table


@dataclass(frozen=True)
class Found:
    """Texts as their authors left them, and what reading them cost."""

    documents: list[Document]
    pipeline: Pipeline
    seconds: float
    """Processor time."""

    @property
    def texts(self) -> list[str]:
        return [document.text for document in self.documents]


def as_found(settings: Mapping[str, Any], package: str | None = None) -> Found:
    """Documents of a data config before any step: of one package of the source, or all.

    Raises:
        StudyError: the source has no such package.
    """
    source, pipeline = parse(settings)
    parts = [part for part in source.parts(cache_folder(), to_stderr) if package in (None, _package(part))]
    if not parts:
        raise StudyError(f"package={package!r} is none of this corpus; choose from {sorted(source.about())}")
    clock = time.process_time()
    documents = [document for part in parts for document in source.read(part).documents]
    return Found(documents, pipeline, time.process_time() - clock)


def _package(part: Any) -> str | None:
    return getattr(part, "package", None)


@dataclass(frozen=True)
class Dropped:
    """A document that a step drops, how many it drops, and for a near duplicate the text that was kept instead."""

    document: Document
    count: int
    twin: str | None = None


def dropped(found: Found, near: bool = True) -> dict[str, Dropped]:
    """The shortest document that each step drops, so the one that looks most harmless; duplicates last.

    Without `near`, duplicates are not looked for, which takes the most time.
    """
    texts = found.texts
    objections = [clean(text, found.pipeline.cleaning).objection for text in texts]
    kept = [number for number, objection in enumerate(objections) if objection is None]
    if near and found.pipeline.deduplication:
        said = duplicates((texts[number] for number in kept), found.pipeline.deduplication)
        for number, objection in zip(kept, said, strict=True):
            objections[number] = objection
    by_step: dict[str, list[int]] = {}
    for number, objection in enumerate(objections):
        if objection:
            by_step.setdefault(objection, []).append(number)
    remaining = [number for number, objection in enumerate(objections) if objection is None]
    order = [step for step in (*STEPS, EXACT, NEAR) if step in by_step]
    result = {}
    for step in order:
        number = min(by_step[step], key=lambda n: (len(texts[n]), n))
        twin = _twin(found, number, remaining) if step == NEAR else None
        result[step] = Dropped(found.documents[number], len(by_step[step]), twin)
    return result


def removal_table(report: Mapping[str, Any]) -> pd.DataFrame:
    """Of a corpus' report: each step's reason, what it removed, as a share of what was found, and what is left."""
    table = reason_table(report)
    found, kept = (
        {what: sum(of(source)[what] for source in report["sources"].values()) for what in ("documents", "characters")}
        for of in (lambda source: source, lambda source: source["kept"])
    )
    table.loc["kept"] = {"why": "", **kept}
    shares = {f"% of {what}": (100 * table[what].astype(float) / found[what]).round(2) for what in found}
    table = table.astype({"documents": int, "characters": int}).assign(**shares)
    return table[["why", "documents", "% of documents", "characters", "% of characters"]]


def _twin(found: Found, number: int, kept: Sequence[int]) -> str | None:
    """The first of the kept texts before a text that is near enough to it."""
    settings = found.pipeline.deduplication
    assert settings
    own = shingles(found.documents[number].text, settings.shingle, settings.unit)
    for other in kept[: bisect_left(kept, number)]:
        if jaccard(own, shingles(found.documents[other].text, settings.shingle, settings.unit)) >= settings.threshold:
            return found.documents[other].text
    return None


def as_markdown(step: str, example: Dropped, limit: int = 400) -> str:
    """An example as a reader should see it: where it is from, and its text, or how it differs from its twin."""
    document = example.document
    title = f"**{step.replace('_', ' ')}** ({example.count:,} here). `{document.source}`, {document.path}, "
    title += f"`{document.name}`:\n\n"
    if step == NEAR and example.twin:
        changes = list(difflib.unified_diff(example.twin.split("\n"), document.text.split("\n"), lineterm="", n=2))[2:]
        return title + "```diff\n" + "\n".join(line for line in changes if not line.startswith("@@")) + "\n```"
    return title + as_code([visible(document.text)], limit)


def visible(text: str) -> str:
    """The text with characters that cannot be seen written as escapes."""
    kinds = {char: unicodedata.category(char) for char in set(text) - {"\n", "\t"}}
    return "".join(f"\\u{ord(c):04x}" if kinds.get(c) in ("Cc", "Cn", "Co", "Cs") else c for c in text)


@dataclass(frozen=True)
class Removed:
    """What the stop words of some texts are, and what is left of the texts."""

    words: float
    """Share of the words."""
    characters: float
    """Share of the characters, the blanks between stop words included."""
    frequent: list[tuple[str, int]]
    """Stop words by frequency, lower-case."""
    left: list[str]
    """Each text without them."""


def remove_stop_words(texts: Sequence[str], language: str, segmentation: Segmentation | None = None) -> Removed:
    """Take the stop words out of texts by the corpus' own step."""
    settings = {"stop_words": {"language": language}}
    left, count, characters = [], 0, 0
    gone: Counter[str] = Counter()
    for text in texts:
        cuts = clean(text, settings).cuts["stop_words"]
        left.append(without(text, cuts.spans))
        count, characters = count + cuts.words, characters + cuts.characters
        for start, stop in cuts.spans:
            gone.update(_word_list(text[start:stop].casefold(), segmentation))
    total = sum(len(_word_list(text, segmentation)) for text in texts)
    return Removed(count / total, characters / sum(map(len, texts)), gone.most_common(), left)


def _word_list(text: str, segmentation: Segmentation | None) -> list[str]:
    return [word for word in words(text, segmentation) if re.match(r"\w", word)]


def frequent_table(removed: Removed, top: int = 12) -> pd.DataFrame:
    """The most frequent stop words, and which of them are keywords of Python."""
    keywords = {word.lower() for word in keyword.kwlist}
    return pd.DataFrame(
        {
            word: {"times": number, "in Python": "keyword" if word in keywords else ""}
            for word, number in removed.frequent[:top]
        }
    ).T


def parsing(texts: Sequence[str]) -> int:
    """How many texts are Python."""
    return sum(map(parses, texts))


def before_and_after(texts: Sequence[str], left: Sequence[str], lines: tuple[int, int] = (5, 9)) -> tuple[str, str]:
    """The text of a few lines that loses the most of its characters, yet keeps most of its lines; and what is left."""
    pairs = [(a, b) for a, b in zip(texts, left, strict=True) if lines[0] <= a.count("\n") <= lines[1]]
    if not pairs:
        raise StudyError(f"no text of {lines[0]} to {lines[1]} lines among {len(texts)}")
    return max(pairs, key=lambda pair: (len(pair[0]) - len(pair[1])) / len(pair[0]))


def step_costs(
    found: Found, texts: Sequence[str], language: str, segmentation: Segmentation | None = None, rounds: int = 3
) -> pd.DataFrame:
    """Processor time of each step on the same texts, in turns, medians of `rounds`.

    Reading is what it was when `found` was read. Processor time adds up all threads, so that other work on the
    machine hardly matters.
    """
    settings, size = found.pipeline, sum(len(text.encode()) for text in texts) / 1e6
    tokenizer = train(texts, settings.tokenizer.vocab_size)
    documents = [[text] for text in texts]
    jobs: dict[str, Callable[[], Any]] = {}
    for name, arguments in settings.cleaning.items():
        jobs[f"cleaning: {name}"] = lambda n=name, a=arguments: [STEPS[n](t, **(a or {})) for t in texts]  # type: ignore[misc]
    jobs |= {
        f"stop words ({language})": lambda: [clean(t, {"stop_words": {"language": language}}) for t in texts],
        "duplicates (MinHash)": lambda: duplicates(texts, settings.deduplication) if settings.deduplication else None,
    }
    if segmentation:
        jobs[f"words ({segmentation})"] = lambda: [words(t, segmentation) for t in texts]
    jobs |= {
        "byte pairs: learning": lambda: train(texts, settings.tokenizer.vocab_size),
        "byte pairs: encoding": lambda: encode(tokenizer, documents),
    }
    for job in jobs.values():  # dictionaries and lists are read on first use
        job()
    seconds = {name: float(np.median(times)) for name, times in _in_turns(jobs, rounds).items()}
    reading = found.seconds / (sum(len(text.encode()) for text in found.texts) / 1e6)
    per_mb = pd.Series({"reading the source": reading, **{name: s / size for name, s in seconds.items()}})
    return pd.DataFrame({"seconds a million bytes": per_mb, "share of all, %": 100 * per_mb / per_mb.sum()})


def _in_turns(jobs: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            clock = time.process_time()
            job()
            times[name].append(time.process_time() - clock)
    return times
