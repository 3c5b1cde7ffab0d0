"""What people thought of snippets: every single rating, and its division into halves and groups.

A reward model learns from one half of the ratings of one group of snippets, a held-out one from the other half of
the ratings of the other group: the two share neither a text nor a rating, and neither sees the test split. Within a
snippet people are anonymous and their order carries no meaning, so ratings are kept as counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lmstudy.data.corpus import prepare, to_stderr
from lmstudy.data.documents import Progress
from lmstudy.data.settings import parse
from lmstudy.data.source_ratings import BEST, WORST, RatedSnippets
from lmstudy.data.splits import unit_hash
from lmstudy.errors import StudyError
from lmstudy.folders import cache_folder

LEVELS = np.arange(WORST, BEST + 1)
"""[L]: what a person may give."""
Side = Literal["A", "B"]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Ratings:
    """Snippets and how many people gave each of them each level."""

    ids: tuple[str, ...]
    """As in the prepared corpus."""
    texts: tuple[str, ...]
    domains: tuple[str, ...]
    counts: Ints
    """[n, L]"""

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def means(self) -> NDArray[np.float64]:
        """[n]: mean rating of each snippet."""
        return self.counts @ LEVELS / self.counts.sum(1)

    def select(self, wanted: NDArray[np.bool_] | Ints) -> Ratings:
        """The snippets that a mask or indices tell."""
        index = np.arange(len(self))[wanted]
        ids, texts, domains = (tuple(of[i] for i in index) for of in (self.ids, self.texts, self.domains))
        return Ratings(ids, texts, domains, self.counts[index])

    def of_domain(self, domain: str) -> Ratings:
        """The snippets of one domain.

        Raises:
            StudyError: there is none.
        """
        wanted = np.array([one == domain for one in self.domains], dtype=bool)
        if not wanted.any():
            raise StudyError(f"no rated snippet is of domain {domain!r}; there are {sorted(set(self.domains))}")
        return self.select(wanted)

    def group(self, side: Side) -> Ratings:
        """About half of the snippets, by a hash of their ids; the other side has the others."""
        return self.select(np.array([("AB"[unit_hash("group", one) % 2]) == side for one in self.ids], dtype=bool))

    def half(self, side: Side) -> Ratings:
        """Every snippet with half of its ratings, drawn by a hash of its id; of an odd number A has one more.

        Raises:
            StudyError: a snippet has a single rating.
        """
        if (self.counts.sum(1) < 2).any():
            raise StudyError(f"halves: {self.ids[int(self.counts.sum(1).argmin())]} has less than two ratings")
        return Ratings(self.ids, self.texts, self.domains, np.stack([self._half(i, side) for i in range(len(self))]))

    def _half(self, index: int, side: Side) -> Ints:
        ratings = np.repeat(LEVELS, self.counts[index])
        order = sorted(range(len(ratings)), key=lambda k: unit_hash("half", self.ids[index], str(k)))
        middle = -(-len(ratings) // 2)
        chosen = order[:middle] if side == "A" else order[middle:]
        return np.bincount(ratings[chosen] - WORST, minlength=len(LEVELS))


def rated_split(
    settings: Mapping[str, Any], split: str, cache: Path | None = None, progress: Progress = to_stderr
) -> Ratings:
    """The snippets of a split of the corpus that a `data` config describes, with their ratings.

    A text that was rated in several places has all of its ratings.

    Raises:
        StudyError: the corpus is not one of rated snippets, or cannot be had.
    """
    source = rated_source(settings)
    corpus = prepare(settings, cache, progress)
    by_id, by_text = {}, counts_by_text(settings, cache, progress)
    for snippet in source.snippets(source.parts(cache or cache_folder(), progress)[0]):
        by_id[f"{source.sdist.name}/{snippet.path}::{snippet.name}"] = snippet
    rows = corpus.splits[split].select_columns(["id", "text"])
    snippets = [by_id[one] for one in rows["id"]]
    counts = np.stack([by_text[snippet.text] for snippet in snippets])
    return Ratings(tuple(rows["id"]), tuple(rows["text"]), tuple(snippet.domain for snippet in snippets), counts)


def counts_by_text(
    settings: Mapping[str, Any], cache: Path | None = None, progress: Progress = to_stderr
) -> dict[str, Ints]:
    """How many people gave each level [L] to each text of the source, whether a corpus kept it or not."""
    source = rated_source(settings)
    (part,) = source.parts(cache or cache_folder(), progress)
    return _counts_by_text(source.model_dump_json(), part)


@lru_cache(maxsize=4)
def _counts_by_text(source: str, part: Path) -> dict[str, Ints]:
    found: dict[str, Ints] = {}
    for snippet in RatedSnippets.model_validate(json.loads(source)).snippets(part):
        if snippet.text and snippet.ratings:
            counts = np.bincount(np.array(snippet.ratings) - WORST, minlength=len(LEVELS))
            found[snippet.text] = found.get(snippet.text, np.zeros_like(counts)) + counts
    return found


def rated_source(settings: Mapping[str, Any]) -> RatedSnippets:
    """The source of a `data` config.

    Raises:
        StudyError: its snippets are not rated.
    """
    source, _ = parse(settings)
    if not isinstance(source, RatedSnippets):
        raise StudyError(f"data._target_={settings['_target_']}: nobody rated its texts; choose data=rated_snippets")
    return source
