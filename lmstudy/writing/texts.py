"""What a model writes, cut into the segments that scorers judge."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lmstudy.data.corpus import Corpus
from lmstudy.data.examples import Ints
from lmstudy.data.store import TokenStore
from lmstudy.data.tokenizer import decode
from lmstudy.progress import ProgressLine
from lmstudy.writing.control import Asked, continued_tokens, sampling_for

if TYPE_CHECKING:
    from lmstudy.models.generation import Sampling

AT_ONCE = 128
"""Texts written together."""
READ = 16
"""Tokens of a held-out document that a prompt has at least, if the document has segments."""
BEGUN = 32
"""Tokens that a prompt has at most, if the document is one segment."""


@dataclass(frozen=True)
class Text:
    """A text in segments, of which the first `given` were the prompt; `finished` if the model ended it.

    If it did not, `rest` is the segment that it was in.
    """

    segments: tuple[str, ...]
    given: int = 0
    finished: bool = True
    rest: str = ""

    @property
    def text(self) -> str:
        """Prompt and what was written behind it, in whole segments."""
        return "".join(self.segments)

    @property
    def whole(self) -> str:
        """With the segment that has no end."""
        return self.text + self.rest


def _cut(corpus: Corpus, prompt: str, ids: list[int], length: int, whole: bool) -> Text:
    """The text of written ids behind a prompt; a last segment that the model did not end is its rest."""
    finished = len(ids) < length
    written = decode(corpus.tokenizer, ids)
    if whole:  # the document is one segment: prompt and continuation are judged as one
        text = prompt + written
        return Text((text,) if text else ()) if finished else Text((), 0, False, text)
    given, segments = corpus.cut(prompt) if prompt else (), corpus.cut(written) if written else ()
    if finished or not segments:
        return Text((*given, *segments), len(given), finished)
    return Text((*given, *segments[:-1]), len(given), False, segments[-1])


def continued(
    model: Any,
    read: Sequence[Sequence[int]],
    forced: Sequence[Sequence[int]],
    asked: Asked,
    sampling: Sampling,
    seed: int,
    name: str,
    at_once: int = AT_ONCE,
) -> list[list[int]]:
    """Token ids written behind what is read and forced, without an end token; see `continued_tokens`.

    Args:
        model, read, forced, asked, sampling: as there.
        seed: of the seeds of all parts: the same texts for the same weights, number of texts and `at_once`.
        name: of the line of progress.
        at_once: texts of a part, which are written together.
    """
    seeds = np.random.default_rng(seed).integers(2**31, size=-(-len(read) // at_once)).tolist()
    written: list[list[int]] = []
    with ProgressLine(name, sys.stderr) as line:
        for part in seeds:
            own = slice(len(written), len(written) + at_once)
            written += continued_tokens(model, read[own], forced[own], part, sampling, asked)
            line.update(f"text {len(written)} of {len(read)}")
    return written


def unprompted(model: Any, corpus: Corpus, asked: Asked, count: int, seed: int) -> list[Text]:
    """Texts written from nothing; the same ones for the same weights, seed and count."""
    return [text for _, text in drawn(model, corpus, asked, count, seed)]


def drawn(
    model: Any,
    corpus: Corpus,
    asked: Asked,
    count: int,
    seed: int,
    sampling: Sampling | None = None,
    at_once: int = AT_ONCE,
) -> list[tuple[list[int], Text]]:
    """Token ids written from nothing, without an end token, and the text that they are; see `continued`."""
    sampling = sampling or sampling_for(asked, model.max_positions - 1)  # a control token more than plain text must fit
    forced = [asked.before()] * count
    written = continued(model, [[]] * count, forced, asked, sampling, seed, "sampling", at_once)
    return [(ids, _cut(corpus, "", ids, sampling.max_tokens, corpus.one_segment)) for ids in written]


@dataclass(frozen=True)
class Prompt:
    """The beginning of a document."""

    text: str
    segments: tuple[tuple[int, ...], ...]
    """Token ids of each segment."""
    begun: tuple[int, ...] = ()
    """Token ids, not in `text`, of a segment that is to be gone on with: what is written begins with them."""


def prompt_from(corpus: Corpus, text: str) -> Prompt:
    """A prompt from any text.

    Training cuts documents between segments, so whole segments are for the encoder, and one without an end, such as
    a line without a newline, is for the decoder.
    """
    whole = () if corpus.one_segment else corpus.cut(text)
    if whole and corpus.cut(text + "x")[:-1] != whole:  # what comes next belongs to the last segment
        whole = whole[:-1]
    read = "".join(whole)
    begun = text[len(read) :]
    segments = tuple(tuple(corpus.encode(segment)) for segment in whole)
    return Prompt(read, segments, tuple(corpus.encode(begun)) if begun else ())


def hash_order(store: TokenStore) -> Ints:
    """Numbers of all documents in an order that depends on nothing but their ids."""
    return np.argsort(store.groups(2**31), kind="stable")


def held_out_prompts(corpus: Corpus, split: str, count: int) -> list[Prompt]:
    """Beginnings of the first held-out documents (in the order of their hashes) that are long enough.

    A prompt ends at the first segment border behind `READ` tokens; where documents are one segment, behind a third
    of it, or `BEGUN` tokens if those are less.
    The former is for the encoder. The latter is for the decoder: training never cut such a document.
    """
    rows = corpus.splits[split]
    store = TokenStore(rows)
    found: list[Prompt] = []
    for i in hash_order(store).tolist():
        tokens, starts = store.tokens(i), store.starts(i)
        if corpus.one_segment:
            cut = min(len(tokens) // 3, BEGUN)
        else:
            borders = starts[starts >= READ]
            cut = int(borders[0]) if len(borders) else 0
        if cut:
            found.append(_prompt(corpus, tokens[:cut], starts))
        if len(found) == count:
            break
    return found


def _prompt(corpus: Corpus, tokens: Ints, starts: Ints) -> Prompt:
    if corpus.one_segment:
        return Prompt("", (), tuple(tokens.tolist()))
    pieces = np.split(tokens, starts[(starts > 0) & (starts < len(tokens))])
    return Prompt(decode(corpus.tokenizer, tokens), tuple(tuple(piece.tolist()) for piece in pieces))


def prompt_tokens(prompt: Prompt, before: Sequence[int], longest: int) -> list[int]:
    """What the encoder reads: each segment of the prompt behind a control token, its end if it is too long."""
    tokens = [token for segment in prompt.segments for token in (*before, *segment)]
    return tokens[-longest:]


def prompted(
    model: Any,
    corpus: Corpus,
    asked: Asked,
    prompts: Sequence[Prompt],
    longest: int,
    seed: int,
    sampling: Sampling | None = None,
) -> list[Text]:
    """Continuations of prompts; `longest` tokens of each are read. The rest is as in `continued`."""
    sampling = sampling or sampling_for(asked, model.max_positions - 1)
    before = asked.before()
    bare = [] if corpus.one_segment else before  # a sentence that goes on has its control token already
    read = [prompt_tokens(prompt, before, longest) for prompt in prompts]
    forced = [[*before, *prompt.begun] if prompt.begun else bare for prompt in prompts]
    written = continued(model, read, forced, asked, sampling, seed, "continuing")
    return [
        _cut(corpus, prompt.text, ids, sampling.max_tokens, corpus.one_segment)
        for prompt, ids in zip(prompts, written, strict=True)
    ]


def people(corpus: Corpus, split: str, count: int) -> list[Text]:
    """The first held-out documents in the order of their hashes, as texts."""
    rows = corpus.splits[split]
    first = rows[hash_order(TokenStore(rows))[:count]]["text"]
    return [Text((text,) if corpus.one_segment else tuple(corpus.cut(text))) for text in first]
