"""From a data config to tokenised splits: extract, select, learn a tokenizer, tokenise.

Each stage is kept in the cache under the hash of what determines it, so that the second time costs nothing
and a changed setting rebuilds only what depends on it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenizers import Tokenizer

from lmstudy.data import tables
from lmstudy.data.cache import digest, intact, stage
from lmstudy.data.cleaning import steps as cleaning_steps
from lmstudy.data.documents import Progress, Source, lines, whole
from lmstudy.data.segmentation import Segmentation
from lmstudy.data.settings import Pipeline, parse
from lmstudy.data.splits import NAMES
from lmstudy.data.stages import extraction, selection, tokenisation
from lmstudy.data.stages.left_out import left_out
from lmstudy.data.stages.report import report
from lmstudy.data.tokenizer import encode
from lmstudy.errors import StudyError
from lmstudy.folders import cache_folder
from lmstudy.places import first

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
    """How the source cuts a text into segments."""
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
    keys = _keys(first(str(settings["_target_"])), source, pipeline)

    made: list[str] = []
    own, advice = hasattr(source, "advice"), getattr(source, "advice", {})

    def built(name: str, fill: Callable[[Path], object]) -> Path:
        """The folder of a stage; one line says, when it is built, what it holds and how long that took."""

        def build(folder: Path) -> None:
            start = time.perf_counter()
            holds = fill(folder)
            progress(f"{name}: {holds} in {time.perf_counter() - start:.1f} s")
            made.append(name)

        return stage(cache, name, keys[name], build)

    roles = {name: known.get("role") for name, known in source.about().items()}
    documents = built("documents", lambda folder: extraction.extract(source, cache, folder, progress))
    rows = documents / "documents.arrow"
    selected = built("selection", lambda folder: selection.select(rows, folder, pipeline, roles, advice))
    learned = built("tokenizer", lambda folder: tokenisation.learn(selected, folder, pipeline.tokenizer))
    with intact(learned / "tokenizer.json"):
        tokenizer = Tokenizer.from_file(str(learned / "tokenizer.json"))
    segmentation = pipeline.tokenizer.segmentation
    tokens = built("tokens", lambda folder: tokenisation.tokenise(selected, tokenizer, folder, segmentation))
    found, left, lengths = (_counts(folder / "counts.json") for folder in (documents, selected, tokens))
    if own:
        for most, line in left_out(advice, found, left):
            if most or {"documents", "selection"} & {*made}:
                progress(line)
    return Corpus(
        fingerprint=keys["tokens"],
        tokenizer=tokenizer,
        splits={name: tables.read(tokens / f"{name}.arrow") for name in NAMES if name in lengths},
        report=report(source.about(), found, left, lengths, tokenizer.get_vocab_size()),
        segmentation=segmentation,
        **_cutting(source),
    )


def _counts(file: Path) -> dict[str, Any]:
    with intact(file):
        counts: dict[str, Any] = json.loads(file.read_text("utf-8"))
        return counts


def for_writing(settings: Mapping[str, Any], tokenizer: Path, fingerprint: str) -> Corpus:
    """A corpus without documents: enough to cut and encode prompts, and to read what a model writes.

    Args:
        settings: of the `data` config group.
        tokenizer: the file that was learned from the corpus.
        fingerprint: of the whole corpus.

    Raises:
        StudyError: as `prepare`; or the file is no tokenizer.
    """
    source, pipeline = parse(settings)
    try:
        learned = Tokenizer.from_file(str(tokenizer))
    except Exception as error:
        raise StudyError(f"{tokenizer} is no tokenizer ({error}): get it again from where it was published") from error
    return Corpus(fingerprint, learned, {}, {}, pipeline.tokenizer.segmentation, **_cutting(source))


def _cutting(source: Source) -> dict[str, Any]:
    """How a source cuts text, as a corpus has it."""
    one_segment = getattr(source, "one_segment", False)
    return {"cut": whole if one_segment else getattr(source, "segments", lines), "one_segment": one_segment}


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
            **({"planting": pipeline.planting.model_dump()} if pipeline.planting else {}),
        }
    )
    learned = digest(
        {"version": tokenisation.VERSION, "upstream": selected, "tokenizer": pipeline.tokenizer.model_dump()}
    )
    tokens = digest({"version": tokenisation.VERSION, "upstream": learned})
    return {"documents": documents, "selection": selected, "tokenizer": learned, "tokens": tokens}
