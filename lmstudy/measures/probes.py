"""Whether a network's states tell good segments from bad, behind them and before they begin, layer by layer."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lmstudy.data.examples import Ints
from lmstudy.data.tokenizer import BOS
from lmstudy.evaluation.probes import Bools, Floats, check_both, held_out_auc, random_auc
from lmstudy.measures.base import Findings, Measure, Subject, judge_of_any_text
from lmstudy.models.inside import STACKS, check_transformer, read_and_written, states
from lmstudy.preferences.scored import score_split
from lmstudy.progress import ProgressLine
from lmstudy.runs.finished import Finished

TOKENS = 16_384
"""Of a batch, padding included, about."""
MOMENTS = ("read", "ahead")
"""When a probe looks: behind the segment's last token, or before its first."""


@dataclass(frozen=True)
class Segments:
    """The segments of some documents that are looked at, with the borders around them.

    A border is a place between two segments, with all the text before it. Segment k lies between `before[k]` and
    `behind[k]`, so that each border but the first and last of a document stands for two segments.

    Attributes:
        texts: tokens of each document up to the last border that is looked at.
        document: [borders] whose text it is, as a place in `texts`.
        place: [borders] how many tokens stand before it.
        before, behind: [segments] borders.
        bad: [segments]
        half: [segments] whether the document is of the first half; every other document in the order of hashes is.
    """

    texts: list[Ints]
    document: Ints
    place: Ints
    before: Ints
    behind: Ints
    bad: Bools
    half: Bools

    def of(self, moment: str) -> tuple[Ints, NDArray[np.intp]]:
        """The borders at which a probe of a moment looks, and whose segments they are.

        Before the first segment of a document nothing is known, and it is left out.
        """
        if moment == "read":
            return self.behind, np.arange(len(self.behind))
        later = np.flatnonzero(self.place[self.before] > 0)
        return self.before[later], later


def segments_of(subject: Subject, settings: dict[str, Any], longest: int) -> Segments:
    """The segments of held-out documents, good or bad by a scorer.

    Args:
        subject: whose documents are taken.
        settings: the scorer's configuration.
        longest: tokens of a document that are looked at; what ends behind them is left out.
    """
    scored, store = score_split(subject.corpus, subject.split, settings), subject.store
    chosen = subject.order()
    chosen = chosen[~np.isin(chosen, scored.unscored)][: subject.documents]
    texts: list[Ints] = []
    document: list[int] = []
    place: list[int] = []
    before: list[int] = []
    bad: list[bool] = []
    half: list[bool] = []
    for number, i in enumerate(chosen.tolist()):
        tokens = store.tokens(i)
        borders = np.append(store.starts(i), len(tokens))
        borders = borders[borders <= longest]
        first = len(place)
        texts.append(tokens[: borders[-1]])
        document += [number] * len(borders)
        place += borders.tolist()
        before += range(first, first + len(borders) - 1)
        bad += (scored.segment_scores(i)[: len(borders) - 1] > scored.threshold).tolist()
        half += [number % 2 == 0] * (len(borders) - 1)
    left = np.array(before, dtype=np.int64)
    return Segments(
        texts, np.array(document, dtype=np.int64), np.array(place, dtype=np.int64), left, left + 1,
        np.array(bad, dtype=bool), np.array(half, dtype=bool),
    )  # fmt: skip


def decoder_states(model: Any, segments: Segments) -> list[Floats]:
    """[layers + 1] of [borders, D]: the decoder's states when it has written a document up to each border.

    It writes from nothing and without control tokens, whatever the model knows.
    """
    found: list[Floats] = []
    order = np.argsort([len(text) for text in segments.texts], kind="stable")
    for rows in _batches([len(segments.texts[i]) + 1 for i in order]):
        own = order[rows]
        batch = read_and_written([[BOS]] * len(own), [[BOS, *segments.texts[i].tolist()] for i in own])
        layers = states(model, batch)["decoder"]
        found = found or [np.zeros((len(segments.place), layer.shape[-1])) for layer in layers]
        row = np.full(len(segments.texts), -1)
        row[own] = np.arange(len(own))
        borders = np.flatnonzero(row[segments.document] >= 0)
        for kept, layer in zip(found, layers, strict=True):
            kept[borders] = layer[row[segments.document[borders]], segments.place[borders]].double().numpy()
    return found


def encoder_states(model: Any, segments: Segments, longest: int) -> list[Floats]:
    """The same of the encoder at the last of at most `longest` tokens that it reads up to each border.

    It sees both ways, so it is given nothing that stands behind the border.
    """
    read = [
        [BOS, *segments.texts[document][max(0, place - longest) : place].tolist()]
        for document, place in zip(segments.document, segments.place, strict=True)
    ]
    found: list[Floats] = []
    order = np.argsort([len(one) for one in read], kind="stable")
    for rows in _batches([len(read[i]) for i in order]):
        own = order[rows]
        layers = states(model, read_and_written([read[i] for i in own], [[BOS]] * len(own)))["encoder"]
        found = found or [np.zeros((len(read), layer.shape[-1])) for layer in layers]
        last = np.array([len(read[i]) - 1 for i in own])
        for kept, layer in zip(found, layers, strict=True):
            kept[own] = layer[np.arange(len(own)), last].double().numpy()
    return found


def _batches(lengths: list[int]) -> list[slice]:
    """Rows of rising lengths in parts of about `TOKENS` tokens, padding included."""
    parts, start = [], 0
    for i, length in enumerate(lengths):
        if (i - start + 1) * length > TOKENS and i > start:
            parts.append(slice(start, i))
            start = i
    return [*parts, slice(start, len(lengths))]


def word_means(model: Any, segments: Segments) -> Floats:
    """[segments, D]: the mean of the input embeddings of each segment's tokens: words, with no network behind them."""
    embedding = model.embedding.weight.detach().double().numpy()
    found = np.zeros((len(segments.bad), embedding.shape[1]))
    for k, (left, right) in enumerate(zip(segments.before, segments.behind, strict=True)):
        text = segments.texts[segments.document[left]]
        found[k] = embedding[text[segments.place[left] : segments.place[right]]].mean(0)
    return found


@dataclass(frozen=True)
class Probes(Measure):
    """Linear probes of good against bad segments in the states of encoder and decoder.

    Each half of the documents is judged by a probe of the other half (`lmstudy.evaluation.probes`). All models read
    the same text without control tokens. `STACK/LAYER/MOMENT` is the AUC of a probe; layer 0 is what goes into the
    first layer. MOMENT is `read`, behind the segment's last token, or `ahead`, before its first, where the states can
    only know what is to come by expecting it; a document's first segment is left out there. Behind
    `random/` the same of random directions; behind `untrained/` of the network that this run began as; `words` of the
    mean embedding of a segment's tokens, read.

    The decoder writes a document from nothing, and the encoder reads the last tokens before a border, as many as in
    training.

    Args:
        scorer: the `scorer` configuration that says what is bad.
    """

    scorer: dict[str, Any]

    name: ClassVar[str] = "probes"

    def check(self, finished: Finished) -> None:
        check_transformer(finished.module.model, f"measure=probes of {finished.record.name}")
        judge_of_any_text(self.scorer, "measure.scorer")

    def measure(self, subject: Subject) -> Findings:
        from lmstudy.runs.pretraining import build_module

        finished = subject.finished
        model = finished.module.model
        segments = segments_of(subject, self.scorer, model.max_positions - 1)
        of = f"segments of split={subject.split} (measure.scorer={self.scorer['_target_'].rpartition('.')[2]})"
        check_both(segments.bad, of)
        metrics: dict[str, float] = {
            "segments": float(len(segments.bad)),
            "bad": float(segments.bad.mean()),
            "words": held_out_auc(word_means(model, segments), segments.bad, segments.half, of),
        }
        for prefix, network in (("", model), ("untrained/", build_module(finished.run).model.eval())):
            for stack, layers in self._states(network, segments, finished).items():
                for layer, known in enumerate(layers):
                    for moment in MOMENTS:
                        borders, whose = segments.of(moment)
                        told = known[borders], segments.bad[whose], segments.half[whose]
                        key = f"{stack}/{layer}/{moment}"
                        metrics[f"{prefix}{key}"] = held_out_auc(*told, of)
                        if not prefix:
                            metrics[f"random/{key}"] = random_auc(*told, layer, of)
        return Findings(metrics)

    def _states(self, model: Any, segments: Segments, finished: Finished) -> dict[str, list[Floats]]:
        import torch

        longest = finished.run.typed.budget.prefix_length - 1
        with torch.inference_mode(), ProgressLine("probes", sys.stderr) as line:
            line.update("encoder")
            encoder = encoder_states(model, segments, longest)
            line.update("decoder")
            return dict(zip(STACKS, (encoder, decoder_states(model, segments)), strict=True))
