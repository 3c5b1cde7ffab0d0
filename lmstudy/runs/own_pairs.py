"""Pairs that people have given: read, cut to what a model can read and write, with its own log-probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from lmstudy.config import PairSettings, build
from lmstudy.data.comparisons import Comparison, ComparisonSource
from lmstudy.data.corpus import Corpus, to_stderr
from lmstudy.data.examples import Ints
from lmstudy.data.tokenizer import EOS, encode
from lmstudy.errors import StudyError
from lmstudy.preferences.losses.base import PreferenceLoss
from lmstudy.runs.pairs import log_probabilities
from lmstudy.training.dpo import Pairs, Texts
from lmstudy.writing.texts import prompt_from

MEASURED = 1000
"""Held-out pairs that are measured on at most."""


@dataclass
class Lengths:
    """What a model reads and writes at most, in tokens, and what was cut to fit."""

    read: int
    write: int
    prompts: int = 0
    texts: int = 0
    equal: int = 0
    """pairs left out because only what was cut told their texts apart"""


@dataclass(frozen=True)
class OwnPairs:
    """Pairs to learn from, pairs to measure on, and metrics."""

    train: Pairs
    held_out: Pairs | None
    metrics: dict[str, float] = field(default_factory=dict)


def own_pairs(
    model: Any,
    corpus: Corpus,
    settings: dict[str, Any],
    loss: PreferenceLoss,
    learned: PairSettings,
    steps: int,
    lengths: Lengths,
    seed: int,
) -> OwnPairs:
    """The pairs that a configuration's `comparisons` name, in the tokens of a corpus.

    Whole segments of a prompt are for the encoder, which reads the end of those that are too long; a segment that is
    only begun, such as a line without its newline, begins the text itself, and is not judged (as `lmstudy-generate`
    reads prompts). Texts that are too long are cut at their end, and then have no end token.

    Metrics: `dpo/pairs` learned from, `dpo/held_out_pairs`, `dpo/cut_prompts` and `dpo/cut_texts` of both; and
    `compute/reference_tokens` that were given a reference log-probability.

    Args:
        model: the reference, in evaluation mode.
        corpus: whose tokens it reads.
        settings: of the group `comparisons`.
        loss: what asks for texts of other prompts, or does not.
        learned: pairs a step.
        steps: of the training; no more pairs are taken than it learns from.
        lengths: filled with counts of what was cut.
        seed: of which pairs are taken, and which texts meet which other prompts.

    Raises:
        StudyError: as `ComparisonSource.read`, or fewer pairs are left than one step takes.
    """
    source: ComparisonSource = build(settings, "comparisons")
    found = source.read(to_stderr)
    rng = np.random.default_rng([seed, 4])
    most = steps * learned.pairs
    given = [_some(found.train, most, rng), _some(found.held_out, MEASURED, rng)]
    if len(found.train) > most:
        to_stderr(f"{most:,} pairs are learned from: steps={steps} of pairs={learned.pairs}")
    train, held_out = (_in_tokens(pairs, corpus, lengths) for pairs in given)
    if lengths.prompts or lengths.texts:
        to_stderr(
            f"{source.place}: cut to fit: {lengths.prompts:,} prompts to their last {lengths.read:,} tokens, "
            f"{lengths.texts:,} texts to their first {lengths.write:,}; left out, since their texts differ only behind "
            f"the cut: {lengths.equal:,} pairs"
        )
    count = len(train) // 2
    if count < learned.pairs:
        raise StudyError(
            f"{source.place}: {count} pairs are left to learn from, and a step takes pairs={learned.pairs}: give more, "
            "lower pairs, or lower comparisons.held_out"
        )
    pairs = _referred(model, train)
    tokens = _tokens(train) + _tokens(held_out)
    if loss.drifts and any(len(one) for one in train.sources):
        strangers = _strangers(train, rng)
        reference = log_probabilities(model, train, strangers.tolist(), of=pairs.chosen.tolist())
        pairs = Pairs(train, pairs.chosen, pairs.rejected, pairs.reference, strangers, reference)
        tokens += sum(len(train.targets[i]) for i in strangers)
    metrics = {
        "dpo/pairs": count,
        "dpo/held_out_pairs": len(held_out) // 2,
        "dpo/cut_prompts": lengths.prompts,
        "dpo/cut_texts": lengths.texts,
        "compute/reference_tokens": tokens,
    }
    held = _referred(model, held_out) if len(held_out) else None
    return OwnPairs(pairs, held, {name: float(value) for name, value in metrics.items()})


def held_out_order(model: Any, pairs: Pairs) -> list[list[float]]:
    """[right, 1] of each pair: 1 where the chosen text has the larger implicit reward, .5 where both have the same."""
    numbers = np.concatenate([pairs.chosen, pairs.rejected]).tolist()
    moved = log_probabilities(model, pairs.texts, numbers) - pairs.reference[numbers]
    chosen, rejected = moved.view(2, -1)
    return [[right, 1.0] for right in torch.heaviside(chosen - rejected, torch.tensor(0.5)).tolist()]


def _some(pairs: Sequence[Comparison], most: int, rng: np.random.Generator) -> list[Comparison]:
    """At most so many, drawn at random, in their order."""
    return [pairs[i] for i in np.sort(rng.permutation(len(pairs))[:most])]


def _in_tokens(pairs: Sequence[Comparison], corpus: Corpus, lengths: Lengths) -> Texts:
    """Texts 2 i (chosen) and 2 i + 1 (rejected) of pair i."""
    written, _ = encode(
        corpus.tokenizer, [corpus.cut(text) for pair in pairs for text in pair[1:]], corpus.segmentation
    )
    targets: list[Ints] = []
    sources: list[Ints] = []
    begun: list[int] = []
    for number, pair in enumerate(pairs):
        prompt = prompt_from(corpus, pair.prompt)
        read = np.array([token for segment in prompt.segments for token in segment], dtype=np.int64)
        given = np.array(prompt.begun, dtype=np.int64)[-(lengths.write // 2) :]
        own = [np.concatenate([given, ids, [EOS]]) for ids in written[2 * number : 2 * number + 2]]
        kept = [one[: lengths.write] for one in own]
        lengths.prompts += len(read) > lengths.read or len(given) < len(prompt.begun)
        lengths.texts += sum(len(one) > lengths.write for one in own)
        if np.array_equal(kept[0], kept[1]):
            lengths.equal += 1
            continue
        targets += kept
        sources += [read[-lengths.read :]] * 2
        begun += [len(given)] * 2
    return Texts(targets, sources, begun)


def _referred(model: Any, texts: Texts) -> Pairs:
    """Pairs of texts of which each even one is preferred to the odd one behind it, with their log-probabilities."""
    reference = log_probabilities(model, texts, range(len(texts)))
    return Pairs(texts, np.arange(0, len(texts), 2), np.arange(1, len(texts), 2), reference)


def _strangers(texts: Texts, rng: np.random.Generator) -> Ints:
    """[pairs]: for each pair a text of another pair, half of them chosen ones, in a ring of a random order."""
    order = rng.permutation(len(texts) // 2)
    next_pair = np.empty_like(order)
    next_pair[order] = np.roll(order, -1)
    return 2 * next_pair + rng.integers(0, 2, len(order))


def _tokens(texts: Texts) -> int:
    return sum(map(len, texts.targets))
