"""Examples in the tokens of a corpus, and answers back in text."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lmstudy.data.corpus import Corpus
from lmstudy.data.tokenizer import SENTINELS, decode, encode
from lmstudy.errors import StudyError
from lmstudy.tasks.base import Example, Task
from lmstudy.training.fine_tuning import TokenPairs


def in_tokens(examples: Sequence[Example], task: Task, corpus: Corpus, longest: int) -> TokenPairs:
    """Sources and targets in tokens, each cut to what fits a context of `longest` with its start or end token.

    What a task protects is one token each, the same on both sides (see `marks`). Spans are found where a task is
    extractive: of a target that does not stand in its source, or behind the cut, there is none.

    Raises:
        StudyError: an example without a source or a target, or with a label that the task does not know.
    """
    for example in examples:
        if not example.source.strip() or not example.target.strip():
            raise StudyError(f"task: {example.id} has an empty {'target' if example.source.strip() else 'source'}")
        if task.labels and example.target not in task.labels:
            raise StudyError(f"task: {example.id} has the label {example.target!r}; known are {', '.join(task.labels)}")
    known = [marks(task, example.source) for example in examples]
    sources = _encoded([one.source for one in examples], known, corpus)
    targets = _encoded([one.target for one in examples], known, corpus)
    room = longest - 1
    cut = sum(len(s) > room or len(t) > room for s, t in zip(sources, targets, strict=True))
    numbers = np.array([task.labels.index(one.target) if task.labels else -1 for one in examples], dtype=np.int64)
    spans = np.full((len(examples), 2), -1, dtype=np.int64)
    if task.extractive:
        for row, example in enumerate(examples):
            first, last = token_span(example, corpus)
            spans[row] = (first, last) if last < room else -1
    return TokenPairs([s[:room] for s in sources], [t[:room] for t in targets], numbers, cut, spans)


def marks(task: Task, source: str) -> dict[str, int]:
    """The token that stands for each thing that must be kept, by order of appearance; there are 32 such tokens."""
    if task.protected is None:
        return {}
    return dict(zip(dict.fromkeys(task.protected.findall(source)), SENTINELS, strict=False))


def _encoded(texts: Sequence[str], known: Sequence[dict[str, int]], corpus: Corpus) -> list[NDArray[np.int32]]:
    pieces = [_split(text, own) for text, own in zip(texts, known, strict=True)]
    rows, starts = encode(corpus.tokenizer, pieces, corpus.segmentation)
    found = []
    for row, first, parts, own in zip(rows, starts, pieces, known, strict=True):
        tokens = np.split(row, first[1:])
        marked = [[own[part]] if part in own else ids for part, ids in zip(parts, tokens, strict=True)]
        found.append(np.concatenate(marked).astype(np.int32))
    return found


def _split(text: str, known: dict[str, int]) -> list[str]:
    if not known:
        return [text]
    longest_first = sorted(known, key=len, reverse=True)
    return [part for part in re.split(f"({'|'.join(map(re.escape, longest_first))})", text) if part]


def in_text(ids: Sequence[int], known: dict[str, int], corpus: Corpus) -> str:
    """What tokens say, with that in it for which `marks` stand."""
    meant = {token: text for text, token in known.items()}
    found: list[str] = []
    run: list[int] = []
    for token in [*ids, -1]:
        if token in meant or token == -1:
            found += [decode(corpus.tokenizer, run), meant.get(token, "")]
            run = []
        else:
            run.append(token)
    return "".join(found)


def token_span(example: Example, corpus: Corpus) -> tuple[int, int]:
    """First and last token of the source that the target stands in, whatever its white space; (-1, -1): nowhere."""
    words = r"\s+".join(map(re.escape, example.target.split()))
    found = re.search(words, example.source)
    if found is None:
        return -1, -1
    (encoding,) = corpus.tokenizer.encode_batch([example.source])
    inside = [
        number for number, (start, end) in enumerate(encoding.offsets) if start < found.end() and end > found.start()
    ]
    return inside[0], inside[-1]
