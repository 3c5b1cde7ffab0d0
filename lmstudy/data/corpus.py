"""From a data config to tokenised splits: extract, select, learn a tokenizer, tokenise.

Each stage is kept in the cache under the hash of what determines it, so that the second time costs nothing
and a changed setting rebuilds only what depends on it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenizers import Tokenizer

from lmstudy.data import tables
from lmstudy.data.cache import digest, stage
from lmstudy.data.cleaning import steps as cleaning_steps
from lmstudy.data.documents import Progress, Source, lines
from lmstudy.data.segmentation import Segmentation
from lmstudy.data.settings import Pipeline, parse
from lmstudy.data.splits import NAMES
from lmstudy.data.stages import extraction, selection, tokenisation
from lmstudy.data.stages.report import report
from lmstudy.data.tokenizer import encode
from lmstudy.folders import cache_folder

if TYPE_CHECKING:
    import datasets


@dataclass(frozen=True)
class Corpus:
    """Documents ready to train on."""

    fingerprint: str
    """16 hexadecimal digits that stand for everything that determines the content."""
    tokenizer: Tokenizer
    splits: dict[str, datasets.Dataset]
    """By name (see `lmstudy.data.splits.NAMES`), memory-mapped, those that hold a document.

    Columns: `id` (stable), `text`, `source`, `path`, `name`, `tokens`, and `starts`, the index in `tokens`
    at which each segment begins.
    """
    report: dict[str, Any]
    """See `lmstudy.data.stages.report`."""
    segmentation: Segmentation | None = None
    """How text is cut into words before the tokenizer sees it."""
    cut: Callable[[str], tuple[str, ...]] = lines
    """How the source cuts a text into segments (a source says so by a method `segments`; otherwise lines)."""
    one_segment: bool = False
    """Whether every document is a single segment, as a rated snippet is."""

    def encode(self, text: str) -> list[int]:
        """Tokens of a text, such as a prompt, just as in the corpus; `lmstudy.data.tokenizer.decode` inverts it."""
        ((tokens,), _) = encode(self.tokenizer, [[text]], self.segmentation)
        return tokens.tolist()


def to_stderr(message: str) -> None:
    """Say a line of progress where it does not mix with results."""
    print(message, file=sys.stderr, flush=True)


def prepare(settings: Mapping[str, Any], cache: Path | None = None, progress: Progress = to_stderr) -> Corpus:
    """The corpus that the `data` config group describes, built as far as the cache does not hold it.

    Raises:
        StudyError: a setting that is wrong, a source that cannot be had, a cache that cannot be written, or
            a corpus of which nothing is left.
    """
    source, pipeline = parse(settings)
    cache = cache_folder() if cache is None else cache
    keys = _keys(str(settings["_target_"]), source, pipeline)

    def build_documents(folder: Path) -> None:
        with _timed("documents", folder, progress, lambda counts: _sum(counts.values(), "documents")):
            extraction.extract(source, cache, folder, progress)

    def build_selection(folder: Path) -> None:
        roles = {name: known.get("role") for name, known in source.about().items()}
        with _timed("selection", folder, progress, lambda counts: _sum(counts["splits"].values(), "documents")):
            selection.select(documents / "documents.arrow", folder, pipeline, roles)

    def build_tokenizer(folder: Path) -> None:
        with _timed("tokenizer", folder, progress, None):
            tokenisation.learn(selected, folder, pipeline.tokenizer)

    def build_tokens(folder: Path) -> None:
        with _timed("tokens", folder, progress, lambda counts: f"{sum(counts.values()):,} tokens"):
            tokenisation.tokenise(selected, tokenizer, folder, pipeline.tokenizer.segmentation)

    documents = stage(cache, "documents", keys["documents"], build_documents)
    selected = stage(cache, "selection", keys["selection"], build_selection)
    learned = stage(cache, "tokenizer", keys["tokenizer"], build_tokenizer)
    tokenizer = Tokenizer.from_file(str(learned / "tokenizer.json"))
    tokens = stage(cache, "tokens", keys["tokens"], build_tokens)
    found, left, lengths = (
        json.loads((folder / "counts.json").read_text("utf-8")) for folder in (documents, selected, tokens)
    )
    return Corpus(
        fingerprint=keys["tokens"],
        tokenizer=tokenizer,
        splits={name: tables.read(tokens / f"{name}.arrow") for name in NAMES if name in lengths},
        report=report(source.about(), found, left, lengths, tokenizer.get_vocab_size()),
        segmentation=pipeline.tokenizer.segmentation,
        cut=getattr(source, "segments", lines),
        one_segment=getattr(source, "one_segment", False),
    )


def _keys(target: str, source: Source, pipeline: Pipeline) -> dict[str, str]:
    """The key of each stage: its settings (in order where order matters), its code's version, what it reads.

    The version of Python is not among them, though another grammar may parse a file more or less: the same
    corpus should keep its fingerprint when only the interpreter changes.
    """
    documents = digest({"version": extraction.VERSION, "source": target, **source.identity()})
    selected = digest(
        {
            "version": selection.VERSION,
            "upstream": documents,
            "cleaning": cleaning_steps.identity(pipeline.cleaning),
            "deduplication": pipeline.deduplication and pipeline.deduplication.model_dump(),
            "split": pipeline.split.model_dump(),
            "roles": {name: known.get("role") for name, known in source.about().items()},
        }
    )
    learned = digest(
        {"version": tokenisation.VERSION, "upstream": selected, "tokenizer": pipeline.tokenizer.model_dump()}
    )
    tokens = digest({"version": tokenisation.VERSION, "upstream": learned})
    return {"documents": documents, "selection": selected, "tokenizer": learned, "tokens": tokens}


def _sum(counts: Any, what: str) -> str:
    return f"{sum(count[what] for count in counts):,} {what}"


@contextmanager
def _timed(name: str, folder: Path, progress: Progress, describe: Callable[[Any], str] | None) -> Iterator[None]:
    """One line when a stage is built: what it holds and how long it took."""
    start = time.perf_counter()
    yield
    counts = describe(json.loads((folder / "counts.json").read_text("utf-8"))) if describe else "learned"
    progress(f"{name}: {counts} in {time.perf_counter() - start:.1f} s")
