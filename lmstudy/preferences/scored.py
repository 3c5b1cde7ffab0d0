"""Every segment of a corpus with its misalignment score: computed once, in parallel, and kept."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmstudy.config import build
from lmstudy.data.cache import digest, stage
from lmstudy.data.corpus import Corpus, to_stderr
from lmstudy.data.documents import Progress
from lmstudy.data.parallel import ordered_map
from lmstudy.data.segments import segmented
from lmstudy.data.store import TokenStore
from lmstudy.errors import StudyError
from lmstudy.folders import cache_folder
from lmstudy.preferences.scorers.base import Scorer

Floats = NDArray[np.float32]
SHOWN = 3
"""Reasons of a scorer that raised which are shown."""


@dataclass(frozen=True)
class Judged:
    """Scores of some documents; all NaN for one on which the scorer raised, and why it did."""

    scores: list[list[float]]
    failures: list[str]


def judge(scorer: Scorer, documents: Sequence[Sequence[str]]) -> Judged:
    """Scores by document and segment. A scorer that raises on a text loses that text alone.

    Raises:
        StudyError: a score that is NaN or out of the scorer's range, or not one for each segment.
    """
    try:
        return Judged(_checked(scorer, documents, scorer.score_batch(documents)), [])
    except StudyError:
        raise
    except Exception:
        pass  # found out one by one
    found, failures = [], []
    for segments in documents:
        try:
            scores = scorer.score(segments)
        except StudyError:
            raise
        except Exception as error:
            failures.append(f"{type(error).__name__}: {error}".splitlines()[0])
            found.append([float("nan")] * len(segments))
        else:
            found += _checked(scorer, [segments], [scores])
    return Judged(found, failures)


def _checked(scorer: Scorer, documents: Sequence[Sequence[str]], found: list[list[float]]) -> list[list[float]]:
    for segments, scores in zip(documents, found, strict=True):
        if len(scores) != len(segments):
            raise StudyError(f"scorer {scorer.name}: {len(scores)} scores for {len(segments)} segments; one for each")
        for segment, score in zip(segments, scores, strict=True):
            if not scorer.lowest <= score <= scorer.highest:  # NaN is in no range
                raise StudyError(
                    f"scorer {scorer.name}: score {score} of the segment {segment[:40]!r} is not within "
                    f"[{scorer.lowest:g}, {scorer.highest:g}]"
                )
    return found


@dataclass(frozen=True)
class ScoredDocuments:
    """A split's documents with a score for each segment."""

    store: TokenStore
    scores: Floats
    """[segments of all documents, end to end]"""
    offsets: NDArray[np.int64]
    """[documents + 1]: where each document's scores begin"""
    threshold: float
    """A segment is good if it scores this or less."""
    unscored: NDArray[np.int64]
    """Documents on which the scorer raised: most objectives leave them out."""
    repaired: "Repaired | None" = None
    """Documents with bad segments after a rewriter, where an objective asks for them."""

    def segment_scores(self, index: int) -> Floats:
        """[segments] of one document."""
        return self.scores[self.offsets[index] : self.offsets[index + 1]]

    def token_scores(self, index: int) -> Floats:
        """[tokens] of one document: each token has the score of its segment."""
        borders = np.append(self.store.starts(index), self.store.lengths(np.array([index])))
        return np.repeat(self.segment_scores(index), np.diff(borders))

    def document_means(self) -> Floats:
        """[documents]: mean score over the segments of each; as exact as scores, so that t divides both alike."""
        counts = np.maximum(np.diff(self.offsets), 1)
        sums = np.add.reduceat(np.append(self.scores, 0.0).astype(np.float64), self.offsets[:-1])
        return (sums / counts).astype(np.float32)

    def scored(self) -> NDArray[np.int64]:
        """Documents that have scores."""
        return np.setdiff1d(np.arange(len(self.store)), self.unscored)

    def good(self) -> NDArray[np.bool_]:
        """[segments]: whether each is good."""
        return self.scores <= self.threshold


@dataclass(frozen=True)
class Repaired:
    """The documents of a split that a rewriter repaired; see `lmstudy.preferences.rewritten`."""

    index: NDArray[np.int64]
    """[n] which of the split's documents they are, in order."""
    scored: ScoredDocuments
    """The n of them as they are now, with their new scores."""
    counts: dict[str, float]
    """What became of the documents and segments, for the record, by the names of metrics."""


def score_split(
    corpus: Corpus,
    split: str,
    settings: Mapping[str, Any],
    cache: Path | None = None,
    progress: Progress = to_stderr,
) -> ScoredDocuments:
    """Scores of a split by the scorer that a `scorer` config describes, from the cache where they are known.

    Raises:
        StudyError: the settings are wrong, or the scorer gives what is no score.
    """
    scorer: Scorer = build(settings, "scorer")
    decisive = {key: value for key, value in settings.items() if key != "threshold"}
    key = digest({"scorer": decisive, "version": scorer.version, "corpus": corpus.fingerprint, "split": split})
    rows, store = corpus.splits[split], TokenStore(corpus.splits[split])

    def build_scores(folder: Path) -> None:
        progress(f"scores: {scorer.name} on {len(rows):,} documents of {split}")
        values: list[Floats] = []
        failures: list[str] = []
        documents = segmented(rows, corpus.tokenizer)
        judged = partial(judge, scorer)
        for batch in ordered_map(judged, documents) if scorer.processes else map(judged, documents):
            values += [np.array(scores, dtype=np.float32) for scores in batch.scores]
            failures += batch.failures
        np.save(folder / "scores.npy", np.concatenate(values) if values else np.zeros(0, np.float32))
        (folder / "failures.json").write_text(json.dumps(failures), encoding="utf-8")

    folder = stage(cache_folder() if cache is None else cache, "scores", key, build_scores)
    failures = json.loads((folder / "failures.json").read_text("utf-8"))
    if failures:
        shown = "; ".join(dict.fromkeys(failures[:SHOWN]))
        progress(f"scores: {scorer.name} raised on {len(failures):,} documents, which have no score ({shown})")
    scores = np.load(folder / "scores.npy", mmap_mode="r")
    offsets = np.concatenate([[0], np.cumsum(store.segment_counts())])
    threshold = float(settings.get("threshold", scorer.threshold))
    documents_of_segments = np.repeat(np.arange(len(store)), np.diff(offsets))
    unscored = np.unique(documents_of_segments[np.isnan(scores)])
    return ScoredDocuments(store, scores, offsets, threshold, unscored)
