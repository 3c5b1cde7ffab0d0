"""Pretraining: how a document becomes (encoder input, decoder target) examples.

A pretraining works in two steps, so that a plan for millions of documents costs little memory and resuming costs
no data: `plan` draws, for a block of documents, what each example will hold and how long it is; `build`
turns one planned example into token ids. Everything random comes from the generator given to `plan`.
"""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from lmstudy.data.tokenizer import BOS, EOS, SENTINELS
from lmstudy.errors import StudyError

Ints = NDArray[np.int64]
Rng = np.random.Generator


class Plan(NamedTuple):
    """Examples to come, an entry each: which document, where it is cut, and how long its two sides are."""

    document: Ints
    cut: Ints
    """Index in the document's tokens at which the decoder takes over."""
    seed: Ints
    """Seed of whatever `build` draws."""
    kind: Ints
    """0 prefix LM, 1 span corruption."""
    encoder_length: Ints
    decoder_length: Ints


def drawn_already(index: Ints, cut: Ints, encoder_length: Ints, decoder_length: Ints) -> Plan:
    """Examples for which `build` draws nothing more."""
    none = np.zeros_like(index)
    return Plan(index, cut, none, none, encoder_length, decoder_length)


class Documents(Protocol):
    """Random access to token ids and segment starts, such as `lmstudy.data.store.TokenStore` gives."""

    def __len__(self) -> int: ...

    def tokens(self, index: int) -> Ints:
        """[tokens] Ids of one document."""
        ...

    def starts(self, index: int) -> Ints:
        """[segments] Index in its tokens at which each segment of one document begins; the first is 0."""
        ...

    def lengths(self, index: Ints) -> Ints:
        """[len(index)] Tokens of each of some documents."""
        ...


class Pretraining(Protocol):
    """How documents become examples. A new one is one class with these and one YAML in `conf/pretraining`."""

    shifted: bool
    """Whether the decoder reads its target one position late, behind a start token, as it must to be of use."""

    def plan(self, documents: Documents, index: Ints, encoder_length: int, decoder_length: int, rng: Rng) -> Plan:
        """Examples of some documents.

        Args:
            documents: all of them.
            index: [documents to take] their numbers.
            encoder_length: tokens that an example may take of the encoder's side of a row.
            decoder_length: the same of the decoder's side.
            rng: what every random choice is drawn from.
        """
        ...

    def build(self, documents: Documents, example: Plan) -> tuple[Ints, Ints]:
        """Token ids of one planned example: [encoder_length] to be read, [decoder_length] to be written."""
        ...


def _check_share(name: str, value: float) -> float:
    if not 0.0 <= value <= 1.0:
        raise StudyError(f"pretraining.{name}={value} must lie between 0 and 1")
    return value


class PrefixLM:
    """Cut a document at a segment boundary: the encoder reads what comes before, the decoder writes the rest.

    With probability `start_probability` the cut is at the very start and the encoder reads the start token
    alone: these examples make the decoder a language model of whole documents. Otherwise the cut is uniform
    over the other boundaries. What the encoder reads is shortened from the left, what the decoder writes
    from the right (then without an end token), to what fits the row (Raffel et al. 2020, section 3.2.1).
    """

    shifted = True

    def __init__(self, start_probability: float = 0.5) -> None:
        self.start_probability = _check_share("start_probability", start_probability)

    def plan(self, documents: Documents, index: Ints, encoder_length: int, decoder_length: int, rng: Rng) -> Plan:
        draws = rng.random((len(index), 2))
        cut = np.zeros(len(index), dtype=np.int64)
        for i in np.flatnonzero(draws[:, 0] >= self.start_probability):
            starts = documents.starts(int(index[i]))
            if len(starts) > 1:
                cut[i] = starts[1 + int(draws[i, 1] * (len(starts) - 1))]
        rest = documents.lengths(index) - cut
        return drawn_already(index, cut, np.minimum(cut + 1, encoder_length), np.minimum(rest + 1, decoder_length))

    def build(self, documents: Documents, example: Plan) -> tuple[Ints, Ints]:
        tokens, cut = documents.tokens(int(example.document)), int(example.cut)
        read = int(example.encoder_length) - 1
        prefix = np.concatenate([[BOS], tokens[cut - read : cut]])
        target = np.concatenate([tokens[cut:], [EOS]])[: int(example.decoder_length)]
        return prefix, target


class SpanCorruption:
    """T5's denoising: spans are taken out of the text, a sentinel in the place of each; the decoder writes them.

    A share `noise_density` of the tokens goes, in spans of `mean_span` tokens on average, at most as many
    spans as there are sentinels (Raffel et al. 2020, section 3.1.4). Text longer than the row is cut.
    """

    shifted = True

    def __init__(self, noise_density: float = 0.15, mean_span: float = 3.0) -> None:
        self.noise_density = _check_share("noise_density", noise_density)
        if mean_span < 1:
            raise StudyError(f"pretraining.mean_span={mean_span} must be at least 1 token")
        self.mean_span = mean_span

    def _counts(self, lengths: Ints) -> tuple[Ints, Ints]:
        """Noise tokens and spans for texts of these lengths (both at least 1)."""
        noise = np.clip(np.round(lengths * self.noise_density).astype(np.int64), 1, np.maximum(lengths - 1, 1))
        spans = np.clip(np.round(noise / self.mean_span).astype(np.int64), 1, len(SENTINELS) - 1)
        return noise, np.maximum(np.minimum(spans, np.minimum(noise, lengths - noise)), 1)

    def plan(self, documents: Documents, index: Ints, encoder_length: int, decoder_length: int, rng: Rng) -> Plan:
        # Longest text whose corrupted form still fits: the encoder holds text - noise + spans + 1 tokens.
        longest = np.arange(2, 2 * (encoder_length + decoder_length), dtype=np.int64)
        noise, spans = self._counts(longest)
        fits = (longest - noise + spans + 1 <= encoder_length) & (noise + spans + 2 <= decoder_length)
        if not fits[0]:
            raise StudyError(
                f"rows of {encoder_length} + {decoder_length} tokens are too short for span corruption: "
                "raise budget.encoder_length and budget.decoder_length"
            )
        text = np.minimum(documents.lengths(index), longest[-1 if fits.all() else fits.argmin() - 1])
        noise, spans = self._counts(text)
        return Plan(
            document=index,
            cut=text,
            seed=rng.integers(0, 2**62, len(index)),
            kind=np.ones_like(index),
            encoder_length=text - noise + spans + 1,
            decoder_length=noise + spans + 2,
        )

    def build(self, documents: Documents, example: Plan) -> tuple[Ints, Ints]:
        tokens = documents.tokens(int(example.document))[: int(example.cut)]
        (noise,), (spans,) = self._counts(np.array([len(tokens)]))
        rng = np.random.default_rng(int(example.seed))
        # Alternate kept and removed pieces, each of at least one token: T5's random segmentation.
        kept, removed = _random_pieces(len(tokens) - noise, spans, rng), _random_pieces(noise, spans, rng)
        source, target, at = [np.array([BOS])], [], 0
        for sentinel, keep, remove in zip(SENTINELS, kept, removed, strict=False):
            source += [tokens[at : at + keep], np.array([sentinel])]
            target += [np.array([sentinel]), tokens[at + keep : at + keep + remove]]
            at += keep + remove
        target += [np.array([SENTINELS[spans]]), np.array([EOS])]
        return np.concatenate(source), np.concatenate(target)


def _random_pieces(total: int, pieces: int, rng: np.random.Generator) -> Ints:
    """Split `total` into `pieces` positive parts, uniformly over all such splits (0 parts may stay empty)."""
    if total <= pieces:
        return np.minimum(1, np.maximum(total - np.arange(pieces), 0))
    borders = np.sort(rng.choice(total - 1, pieces - 1, replace=False)) + 1
    return np.diff(np.concatenate([[0], borders, [total]]))


class Mixture:
    """Each example by one task or the other: a share `denoising` by span corruption, the rest prefix LM.

    After UL2 (Tay et al. 2023), which mixes them so; the other settings are those of the two tasks.
    """

    shifted = True

    def __init__(
        self,
        denoising: float = 0.5,
        start_probability: float = 0.5,
        noise_density: float = 0.15,
        mean_span: float = 3.0,
    ) -> None:
        self.denoising = _check_share("denoising", denoising)
        spans = SpanCorruption(noise_density, mean_span)
        self.parts: tuple[Pretraining, Pretraining] = (PrefixLM(start_probability), spans)

    def plan(self, documents: Documents, index: Ints, encoder_length: int, decoder_length: int, rng: Rng) -> Plan:
        corrupt = rng.random(len(index)) < self.denoising
        plans = [part.plan(documents, index, encoder_length, decoder_length, rng) for part in self.parts]
        return Plan(*(np.where(corrupt, b, a) for a, b in zip(*plans, strict=True)))

    def build(self, documents: Documents, example: Plan) -> tuple[Ints, Ints]:
        return self.parts[int(example.kind)].build(documents, example)
