"""What a model writes, cut into the segments that scorers judge."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lmstudy.data.corpus import Corpus
from lmstudy.data.examples import Ints
from lmstudy.data.store import TokenStore
from lmstudy.data.tokenizer import decode
from lmstudy.models.generation import Sampling
from lmstudy.progress import ProgressLine
from lmstudy.writing.asked import Asked, continued_tokens, sampling_for, unconditional_samples, unconditional_tokens

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
        return "".join(self.segments)

    @property
    def written(self) -> str:
        return "".join(self.segments[self.given :])


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


def unprompted(model: Any, corpus: Corpus, asked: Asked, count: int, seed: int, quiet: bool = True) -> list[Text]:
    """Texts written from nothing; the same ones for the same weights, seed and count."""
    return [text for _, text in drawn(model, corpus, asked, count, seed, quiet=quiet)]


def drawn(
    model: Any,
    corpus: Corpus,
    asked: Asked,
    count: int,
    seed: int,
    sampling: Sampling | None = None,
    quiet: bool = True,
) -> list[tuple[list[int], Text]]:
    """Token ids written from nothing, without an end token, and the text that they are."""
    texts: list[tuple[list[int], Text]] = []
    length = model.max_positions - 1  # a control token more than plain text must fit
    sampling = sampling or sampling_for(asked, length)
    seeds = np.random.default_rng(seed).integers(2**31, size=-(-count // AT_ONCE)).tolist()
    with ProgressLine("sampling", sys.stderr) as line:
        for part in seeds:
            size = min(AT_ONCE, count - len(texts))
            written = unconditional_tokens(model, size, part, sampling, asked)
            texts += [(ids, _cut(corpus, "", ids, sampling.max_tokens, corpus.one_segment)) for ids in written]
            if not quiet:
                line.update(f"text {len(texts)} of {count}")
    return texts


def whole_texts(model: Any, corpus: Corpus, asked: Asked, count: int, seed: int) -> list[str]:
    """A few texts from nothing, for the reader."""
    return unconditional_samples(model, corpus.tokenizer, count, seed, asked=asked)


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


def held_out_prompts(corpus: Corpus, split: str, count: int) -> list[Prompt]:
    """Beginnings of the first held-out documents (in the order of their hashes) that are long enough.

    A prompt ends at the first segment border behind `READ` tokens; where documents are one segment, behind a third
    of it, or `BEGUN` tokens if those are less.
    The former is for the encoder. The latter is for the decoder: training never cut such a document.
    """
    rows = corpus.splits[split]
    store = TokenStore(rows)
    found: list[Prompt] = []
    for i in np.argsort(store.groups(2**31), kind="stable").tolist():
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
    quiet: bool = True,
) -> list[Text]:
    """Continuations of prompts; `longest` tokens of each are read."""
    texts: list[Text] = []
    sampling = sampling or sampling_for(asked, model.max_positions - 1)
    before = asked.before()
    bare = [] if corpus.one_segment else before  # a sentence that goes on has its control token already
    seeds = np.random.default_rng(seed).integers(2**31, size=-(-len(prompts) // AT_ONCE)).tolist()
    with ProgressLine("continuing", sys.stderr) as line:
        for part in seeds:
            own = prompts[len(texts) : len(texts) + AT_ONCE]
            read = [prompt_tokens(prompt, before, longest) for prompt in own]
            forced = [[*before, *prompt.begun] if prompt.begun else bare for prompt in own]
            ids = continued_tokens(model, read, forced, part, sampling, asked)
            for prompt, sequence in zip(own, ids, strict=True):
                texts.append(_cut(corpus, prompt.text, sequence, sampling.max_tokens, corpus.one_segment))
            if not quiet:
                line.update(f"text {len(texts)} of {len(prompts)}")
    return texts


def people(corpus: Corpus, split: str, count: int) -> list[Text]:
    """The first held-out documents in the order of their hashes, as texts."""
    rows = corpus.splits[split]
    order: Ints = np.argsort(TokenStore(rows).groups(2**31), kind="stable")
    return [Text((text,) if corpus.one_segment else tuple(corpus.cut(text))) for text in rows[order[:count]]["text"]]
