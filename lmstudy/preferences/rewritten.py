"""Documents with bad segments, repaired before training: by the scorer's own rewriter, once, in parallel, and kept.

A document is read whole and rewritten whole, then scored again. It is taken where the scorer minds the new text less,
and left as it was otherwise. What became of each document is counted (`REPAIRED`, `LEFT`). Trainings ask for the
training split alone: whoever evaluates reads what people wrote.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lmstudy.compose import compose_config, group_choices
from lmstudy.config import build, target_of
from lmstudy.data import tables
from lmstudy.data.cache import digest, stage
from lmstudy.data.corpus import Corpus, to_stderr
from lmstudy.data.documents import Progress
from lmstudy.data.parallel import ordered_map
from lmstudy.data.segments import segmented
from lmstudy.data.store import TokenStore
from lmstudy.data.tokenizer import encode
from lmstudy.errors import StudyError
from lmstudy.folders import cache_folder
from lmstudy.preferences.rewriters.base import Rewriter
from lmstudy.preferences.scored import SHOWN, Floats, Repaired, ScoredDocuments, judge, score_split
from lmstudy.preferences.scorers.base import Scorer

Ints = NDArray[np.int64]
REPAIRED = "rewritten"
LEFT = {
    "failed": "the rewriter or the scorer of its text raised",
    "empty": "nothing was left of the text",
    "unchanged": "the rewriter changed nothing",
    "no_better": "the scorer minds the new text as much or more",
}
"""Why a document with a bad segment was left as it was."""
VERSION = 1
"""Raised when a change here alters which texts are taken."""


class Outcome(NamedTuple):
    """What became of one document with a bad segment."""

    what: str
    """`REPAIRED`, or one of `LEFT`."""
    segments: list[str]
    """Of the repaired document; empty where it was left as it was."""
    scores: list[float]
    failure: str = ""


def rewriter_of(scorer: Scorer, asked_by: str) -> Rewriter:
    """The scorer's rewriter.

    Args:
        scorer: whose.
        asked_by: what needs it, such as "objective=rewriting".

    Raises:
        StudyError: it has none; the line names the scorers that ship and have one.
    """
    found = scorer.rewriter()
    if found is None:
        raise StudyError(
            f"{asked_by}: nothing repairs what scorer {scorer.name} minds; scorers with a rewriter: "
            f"{', '.join(scorers_with_rewriters())}"
        )
    return found


def scorers_with_rewriters() -> list[str]:
    """Choices of the group `scorer` whose class has a rewriter, whatever its settings."""
    classes = {
        name: target_of(compose_config("train", [f"scorer={name}"])["scorer"], "scorer")
        for name in group_choices("scorer")
    }
    return [name for name, scorer in classes.items() if scorer.rewriter is not Scorer.rewriter]


def rewrite(scorer: Scorer, rewriter: Rewriter, threshold: float, segments: Sequence[str], before: Floats) -> Outcome:
    """One document with at least one bad segment, rewritten and scored again.

    It is better if the sum of its scores is lower, each times the characters of its segment where a score is per
    character: so many violations or items less.

    Args:
        scorer, rewriter: who judges, and who repairs.
        threshold: a segment is bad if it scores more.
        segments: of the document.
        before: [segments] their scores.

    Raises:
        StudyError: the scorer gives what is no score.
    """
    try:
        written = rewriter.rewrite(segments, (before > threshold).tolist())
    except Exception as error:  # any text may come; what a rewriter stumbles over stays as it was
        return Outcome("failed", [], [], f"{type(error).__name__}: {error}".splitlines()[0])
    if not "".join(written).strip():
        return Outcome("empty", [], [])
    if written == list(segments):
        return Outcome("unchanged", [], [])
    judged = judge(scorer, [written])
    if judged.failures:
        return Outcome("failed", [], [], judged.failures[0])
    (after,) = judged.scores
    old, new = _minded(scorer, segments, before), _minded(scorer, written, after)
    if new >= old or math.isclose(new, old, rel_tol=1e-5):  # scores are kept in 32 bits
        return Outcome("no_better", [], [])
    return Outcome(REPAIRED, written, after)


def _minded(scorer: Scorer, segments: Sequence[str], scores: Sequence[float] | Floats) -> float:
    sizes = [len(segment) if scorer.unit == "character" else 1 for segment in segments]
    return math.fsum(float(score) * size for score, size in zip(scores, sizes, strict=True))


def _rewritten(
    scorer: Scorer, rewriter: Rewriter, threshold: float, documents: Sequence[tuple[list[str], Floats]]
) -> list[Outcome]:
    return [rewrite(scorer, rewriter, threshold, *document) for document in documents]


def rewrite_split(
    corpus: Corpus,
    split: str,
    settings: Mapping[str, Any],
    asked_by: str,
    cache: Path | None = None,
    progress: Progress = to_stderr,
) -> ScoredDocuments:
    """A split's documents and scores, and beside them those that were repaired; from the cache where they are known.

    Args:
        corpus, split: which documents.
        settings: a `scorer` config; its threshold tells which segments are bad.
        asked_by: as in `rewriter_of`.
        cache: folder; None: the user's.
        progress: where it is said what is done.

    Raises:
        StudyError: the settings are wrong, the scorer has no rewriter, or it gives what is no score.
    """
    scorer: Scorer = build(settings, "scorer")
    rewriter = rewriter_of(scorer, asked_by)
    scored = score_split(corpus, split, settings, cache, progress)
    rows = corpus.splits[split]
    documents_of = np.repeat(np.arange(len(rows)), np.diff(scored.offsets))
    with_bad = np.setdiff1d(documents_of[scored.scores > scored.threshold], scored.unscored)
    key = digest(
        {
            "version": VERSION,
            "rewriter": {"name": rewriter.name, "version": rewriter.version},
            "scorer": {key: value for key, value in settings.items() if key != "threshold"},
            "scores": scorer.version,
            "threshold": scored.threshold,
            "corpus": corpus.fingerprint,
            "split": split,
        }
    )

    def build_repaired(folder: Path) -> None:
        progress(f"rewriting: {rewriter.name} on {len(with_bad):,} documents of {split} with a bad segment")
        outcomes = _outcomes(corpus, split, scored, with_bad, scorer, rewriter)
        index: list[int] = []
        values: list[Floats] = []
        counts: Counter[str] = Counter()
        failures: list[str] = []

        def repaired() -> Iterator[dict[str, Any]]:
            for numbers, found in outcomes:
                counts.update(outcome.what for outcome in found)
                failures.extend(outcome.failure for outcome in found if outcome.failure)
                kept = [(n, outcome) for n, outcome in zip(numbers, found, strict=True) if outcome.what == REPAIRED]
                if not kept:
                    continue
                index.extend(n for n, _ in kept)
                values.extend(np.array(outcome.scores, dtype=np.float32) for _, outcome in kept)
                own = rows[[n for n, _ in kept]]
                segments = [outcome.segments for _, outcome in kept]
                tokens, starts = encode(corpus.tokenizer, segments, corpus.segmentation)
                columns = {name: own[name] for name in tables.TEXTS}
                texts = ["".join(parts) for parts in segments]
                yield {**columns, "text": texts, "tokens": tokens, "starts": starts}

        tables.write(folder / "documents.arrow", tables.tokenised(corpus.tokenizer.get_vocab_size()), repaired())
        np.save(folder / "index.npy", np.array(index, dtype=np.int64))
        np.save(folder / "scores.npy", np.concatenate(values) if values else np.zeros(0, np.float32))
        said = {"counts": {what: counts[what] for what in (REPAIRED, *LEFT)}, "failures": failures}
        (folder / "said.json").write_text(json.dumps(said), encoding="utf-8")

    folder = stage(cache_folder() if cache is None else cache, "rewritten", key, build_repaired)
    said = json.loads((folder / "said.json").read_text("utf-8"))
    if said["failures"]:
        shown = "; ".join(dict.fromkeys(said["failures"][:SHOWN]))
        progress(
            f"rewriting: {rewriter.name} failed on {len(said['failures']):,} documents, left as they are ({shown})"
        )
    store = TokenStore(tables.read(folder / "documents.arrow"))
    scores, index = np.load(folder / "scores.npy", mmap_mode="r"), np.load(folder / "index.npy")
    offsets = np.concatenate([[0], np.cumsum(store.segment_counts())])
    after = ScoredDocuments(store, scores, offsets, scored.threshold, np.array([], dtype=np.int64))
    return replace(scored, repaired=Repaired(index, after, _counts(scored, index, after, said["counts"])))


def _outcomes(
    corpus: Corpus, split: str, scored: ScoredDocuments, with_bad: Ints, scorer: Scorer, rewriter: Rewriter
) -> Iterator[tuple[list[int], list[Outcome]]]:
    """What became of the documents with a bad segment, in order, with their numbers; a batch at a time."""
    batches = [with_bad[start : start + tables.BATCH].tolist() for start in range(0, len(with_bad), tables.BATCH)]

    def texts() -> Iterator[list[tuple[list[str], Floats]]]:
        for numbers in batches:
            chosen = corpus.splits[split].select(numbers)
            (documents,) = segmented(chosen, corpus.tokenizer)
            yield [(own, np.array(scored.segment_scores(n))) for own, n in zip(documents, numbers, strict=True)]

    work = partial(_rewritten, scorer, rewriter, scored.threshold)
    return zip(batches, ordered_map(work, texts()) if scorer.processes else map(work, texts()), strict=True)


def _counts(
    before: ScoredDocuments, index: Ints, after: ScoredDocuments, outcomes: Mapping[str, int]
) -> dict[str, float]:
    """Documents by what became of them, and bad segments of all documents before and after, as metrics of a record."""
    old = sum(len(before.segment_scores(int(i))) for i in index)
    bad = [int((before.segment_scores(int(i)) > before.threshold).sum()) for i in index]
    all_bad = int((before.scores > before.threshold).sum())
    found = {
        "documents": len(before.store),
        "with_bad": sum(outcomes.values()),
        REPAIRED: outcomes[REPAIRED],
        **{f"left_{why}": outcomes[why] for why in LEFT},
        "segments": len(before.scores),
        "bad_segments": all_bad,
        "segments_after": len(before.scores) - old + len(after.scores),
        "bad_segments_after": all_bad - sum(bad) + int((after.scores > after.threshold).sum()),
    }
    return {f"rewriting/{name}": float(value) for name, value in found.items()}
