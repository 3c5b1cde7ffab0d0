"""Each step of preparing text, at work on texts as they were found: what it drops, rewrites, and costs."""

from __future__ import annotations

import difflib
import keyword
import re
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lmstudy.data.cleaning.cuts import without
from lmstudy.data.cleaning.deduplication import EXACT, NEAR, duplicates, jaccard, shingles
from lmstudy.data.cleaning.steps import STEPS, clean
from lmstudy.data.corpus import Corpus, to_stderr
from lmstudy.data.documents import Document
from lmstudy.data.segmentation import Segmentation, words
from lmstudy.data.settings import Pipeline, parse
from lmstudy.data.tokenizer import encode, train
from lmstudy.errors import StudyError
from lmstudy.folders import cache_folder
from lmstudy.show.tables import reason_table
from lmstudy.show.texts import as_code

ROUNDS = 3
"""Times that each step is measured."""


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
    parts = [
        part for part in source.parts(cache_folder(), to_stderr) if package in (None, getattr(part, "package", None))
    ]
    if not parts:
        raise StudyError(f"package={package!r} is none of this corpus; choose from {sorted(source.about())}")
    clock = time.process_time()
    documents = [document for part in parts for document in source.read(part).documents]
    return Found(documents, pipeline, time.process_time() - clock)


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
    result = {}
    for step in (step for step in (*STEPS, EXACT, NEAR) if step in by_step):
        number = min(by_step[step], key=lambda n: (len(texts[n]), n))
        twin = _twin(found, number, remaining) if step == NEAR else None
        result[step] = Dropped(found.documents[number], len(by_step[step]), twin)
    return result


def removal_table(report: Mapping[str, Any]) -> pd.DataFrame:
    """Of a corpus' report: each step's reason, what it removed, as a share of what was found, and what is left."""
    table, sources = reason_table(report), report["sources"].values()
    sizes = ["documents", "characters"]
    table.loc["kept"] = ["", *(sum(source["kept"][size] for source in sources) for size in sizes)]
    table[sizes] = table[sizes].astype(int)
    for place, size in ((2, "documents"), (4, "characters")):
        table.insert(place, f"% of {size}", 100 * table[size] / sum(source[size] for source in sources))
    return table


def _twin(found: Found, number: int, kept: Sequence[int]) -> str | None:
    """The first of the kept texts before a text that is near enough to it."""
    settings = found.pipeline.deduplication
    assert settings
    own = shingles(found.documents[number].text, settings.shingle, settings.unit)
    before = (found.documents[other].text for other in kept if other < number)
    near = (t for t in before if jaccard(own, shingles(t, settings.shingle, settings.unit)) >= settings.threshold)
    return next(near, None)


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
    rows = [
        {"stop word": word, "occurrences": n, "a keyword of Python": word in keywords}
        for word, n in removed.frequent[:top]
    ]
    return pd.DataFrame(rows)


def before_and_after(
    texts: Sequence[str],
    left: Sequence[str],
    lines: tuple[int, int] = (5, 9),
    characters: tuple[int, int] = (60, 500),
) -> tuple[str, str]:
    """Of the texts of so many lines and characters, the one that loses the largest share; and what is left of it.

    Raises:
        StudyError: no text is of that size.
    """
    pairs = [
        (a, b)
        for a, b in zip(texts, left, strict=True)
        if lines[0] <= a.count("\n") + 1 <= lines[1] and characters[0] <= len(a) <= characters[1]
    ]
    if not pairs:
        raise StudyError(f"none of {len(texts)} texts has {lines} lines and {characters} characters")
    return max(pairs, key=lambda pair: (len(pair[0]) - len(pair[1])) / len(pair[0]))


def step_costs(
    found: Found, corpus: Corpus, texts: Sequence[str], language: str, segmentation: Segmentation | None = None
) -> pd.DataFrame:
    """Processor time of each step on the same texts, in turns, medians of `ROUNDS`.

    Reading is what it was when `found` was read. Processor time adds up all threads, so that other work on the
    machine hardly matters.

    Args:
        found: where the texts are from.
        corpus: whose tokenizer encodes.
        texts: what the steps are taken on.
        language: of the stop words.
        segmentation: measured, too, where there is one.
    """
    settings, stops = found.pipeline, {"stop_words": {"language": language}}
    jobs: dict[str, Callable[[Sequence[str]], Any]] = {}
    for name, arguments in settings.cleaning.items():
        step = f"cleaning: {name.replace('_', ' ')}"
        jobs[step] = lambda some, n=name, a=arguments: [STEPS[n](t, **(a or {})) for t in some]  # type: ignore[misc]
    jobs[f"stop words ({language})"] = lambda some: [clean(text, stops) for text in some]
    if settings.deduplication:
        jobs["duplicates (MinHash)"] = lambda some: duplicates(some, settings.deduplication)  # type: ignore[arg-type]
    if segmentation:
        jobs[f"words ({segmentation})"] = lambda some: [words(text, segmentation) for text in some]
    jobs["byte pairs: learning"] = lambda some: train(some, settings.tokenizer.vocab_size)
    jobs["byte pairs: encoding"] = lambda some: encode(corpus.tokenizer, [[text] for text in some])
    for job in jobs.values():  # dictionaries and lists are read on first use
        job(texts[:1])
    seconds = {name: float(np.median(times)) for name, times in _in_turns(jobs, texts).items()}
    size, all_size = (sum(len(text.encode()) for text in some) / 1e6 for some in (texts, found.texts))
    each = {"reading the source": found.seconds / all_size, **{name: s / size for name, s in seconds.items()}}
    table = pd.DataFrame({"seconds a million bytes": pd.Series(each)})
    return table.assign(**{"share of all, %": 100 * table.iloc[:, 0] / table.iloc[:, 0].sum()})


def _in_turns(jobs: Mapping[str, Callable[[Sequence[str]], Any]], texts: Sequence[str]) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(ROUNDS):
        for name, job in jobs.items():
            clock = time.process_time()
            job(texts)
            times[name].append(time.process_time() - clock)
    return times


def in_words(title: str, costs: pd.DataFrame) -> str:
    """The dearest steps of a table of costs, and what all steps of cleaning take together."""
    shares = costs["share of all, %"]
    top = ", ".join(f"{name} {share:.0f} %" for name, share in shares.nlargest(3).items())
    cleaning = shares[shares.index.str.startswith("cleaning")].sum()
    return f"- {title}: {top}. All steps of cleaning together take {cleaning:.1f} %."
