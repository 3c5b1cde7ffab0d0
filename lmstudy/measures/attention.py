"""What the heads of a Transformer look at while it reads and writes held-out text."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lmstudy.config import build
from lmstudy.data.batches.windows import continuations
from lmstudy.data.examples import Ints
from lmstudy.data.tokenizer import BOS
from lmstudy.errors import StudyError
from lmstudy.measures.base import Findings, Measure, Subject
from lmstudy.measures.neighbours import shown
from lmstudy.models.embeddings.token_names import token_texts
from lmstudy.models.inside import ATTENTIONS, attention_weights, check_transformer, read_and_written
from lmstudy.preferences.scorers.base import Scorer
from lmstudy.progress import ProgressLine
from lmstudy.runs.finished import Finished

if TYPE_CHECKING:
    from torch import Tensor

AT_ONCE = 64
"""Pairs whose attention is taken together."""
LAST = 4
"""Tokens at the end of what was read that count as near for the decoder."""
KINDS = ("start", "near", "same", "after")
"""What can be looked at: the start token; the token before (of the decoder at the encoder: the last tokens that were
read); an earlier occurrence of the token that looks; the token after such an occurrence."""


def looked_at(query_BQ: Tensor, key_BM: Tensor, own: bool) -> dict[str, Tensor]:
    """Which keys of each query are of each kind (`KINDS`): [B, Q, M] bool by kind.

    Args:
        query_BQ, key_BM: tokens of who looks and of what is looked at, start tokens first.
        own: whether they are the same text, in which an earlier occurrence must stand before the query.
    """
    import torch
    import torch.nn.functional as F

    query, key = torch.arange(query_BQ.shape[1])[:, None], torch.arange(key_BM.shape[1])[None]
    same_BQM = (query_BQ[:, :, None] == key_BM[:, None]) & (query > 0)  # the start token is no word
    if own:
        same_BQM &= key < query
    after_BQM = F.pad(same_BQM[:, :, :-1], (1, 0)) & ~same_BQM
    if own:
        after_BQM &= key < query
    near = (key == query - 1) if own else (key >= key_BM.shape[1] - LAST)
    whole = torch.ones_like(same_BQM)
    return {"start": whole & (key == 0), "near": whole & near, "same": same_BQM, "after": after_BQM}


class Heads:
    """Sums over pairs, from which each head's entropy and shares follow.

    Of every kind only queries count that have such a key at all.
    """

    def __init__(self) -> None:
        self.sums: dict[tuple[str, ...], NDArray[np.float64]] = {}

    def _add(self, key: tuple[str, ...], top: Tensor, size: Tensor) -> None:
        """[H, 2] or [2]: numerators and denominators of each head."""
        found = np.stack([top.double().numpy(), np.broadcast_to(size.double().numpy(), top.shape)], -1)
        self.sums[key] = self.sums.get(key, 0.0) + found

    def add(self, where: str, layer: int, weights_BHQM: Tensor, kinds: Mapping[str, Tensor], causal: bool) -> None:
        """One layer's weights on some pairs of equal lengths."""
        import torch

        _, _, queries, keys = weights_BHQM.shape
        seen_Q = torch.arange(1, queries + 1) if causal else torch.full((queries,), keys)
        entropy_H = torch.special.entr(weights_BHQM).sum((0, 2, 3))
        self._add((where, str(layer), "entropy"), entropy_H, seen_Q.log().sum() * len(weights_BHQM))
        for kind, chosen_BQM in kinds.items():
            there_BQ = chosen_BQM.any(-1)
            share_H = (weights_BHQM * chosen_BQM[:, None]).sum((0, 2, 3))
            self._add((where, str(layer), kind), share_H, there_BQ.sum())
            if layer == 1:
                self._add((where, kind), (chosen_BQM.sum(-1) / seen_Q).sum(), there_BQ.sum())

    def metrics(self) -> dict[str, float]:
        """`WHERE/LAYER/HEAD/entropy` and `.../KIND`, and `uniform/WHERE/KIND`; what no query has is left out."""
        found = {}
        for key, sums in self.sums.items():
            if len(key) == 2:
                if sums[1]:
                    found["/".join(("uniform", *key))] = float(sums[0] / sums[1])
                continue
            where, layer, what = key
            found |= {f"{where}/{layer}/{h}/{what}": float(top / size) for h, (top, size) in enumerate(sums, 1) if size}
        return found


@dataclass(frozen=True)
class AttentionMaps(Measure):
    """What every head looks at on held-out pairs: a document is cut as in training, one part read, the next written.

    Each document is cut once, at the first segment border behind `read` tokens. For each WHERE of encoder and decoder
    (at themselves) and cross (the decoder at what was read), each LAYER and each HEAD, from 1:

    - `WHERE/LAYER/HEAD/entropy`: mean entropy of the weights, as a share of that of equal weights;
    - `WHERE/LAYER/HEAD/KIND`: mean share of attention on each of `KINDS`, over the positions that have such a token.
      Behind `uniform/WHERE/KIND` stands what equal weights would give. A head whose share of `after` is many times
      that copies what followed before: it is like an induction head (Olsson et al. 2022).

    Behind `untrained/` the same of the network that the run began as. The record's sample is one pair that the run's
    scorer minds nothing of, with the weights of the cross-attention head that looks most at `after`.

    Args:
        read: tokens that the encoder reads behind its start token.
        written: tokens that the decoder is given, its start token included.
    """

    read: int
    written: int

    name: ClassVar[str] = "attention"

    def __post_init__(self) -> None:
        self.at_least(read=LAST, written=2)

    def documents(self) -> int | None:
        return 400

    def check(self, finished: Finished) -> None:
        model = finished.module.model
        check_transformer(model, f"measure=attention of {finished.record.name}")
        for key in ("read", "written"):
            if getattr(self, key) >= model.max_positions:
                raise StudyError(
                    f"measure.{key}={getattr(self, key)}: this run's rows hold {model.max_positions} tokens; "
                    f"take at most {model.max_positions - 1}"
                )

    def measure(self, subject: Subject) -> Findings:
        from lmstudy.runs.pretraining import build_module

        finished = subject.finished
        index, cut = continuations(subject.store, subject.order(), self.read, self.written)
        index, cut = index[: subject.documents], cut[: subject.documents]
        if not len(index):
            raise StudyError(
                f"no document of split={subject.split} has a segment border with {self.read} tokens before it and "
                f"{self.written} behind it: lower measure.read or measure.written"
            )
        metrics = {"pairs": float(len(index))}
        for prefix, network in (("", finished.module.model), ("untrained/", build_module(finished.run).model.eval())):
            heads = self._heads(network, subject, index, cut)
            metrics |= {f"{prefix}{key}": value for key, value in heads.metrics().items()}
        uniform = {key: value for key, value in metrics.items() if key.startswith("untrained/uniform/")}
        metrics = {key: value for key, value in metrics.items() if key not in uniform}  # of the text, not the network
        return Findings(metrics, samples=self._shown(subject, index, cut, metrics))

    def _pairs(self, subject: Subject, index: Ints, cut: Ints) -> Iterator[Any]:
        for start in range(0, len(index), AT_ONCE):
            own = [
                (subject.store.tokens(i), at)
                for i, at in zip(index[start : start + AT_ONCE].tolist(), cut[start : start + AT_ONCE], strict=True)
            ]
            read = [[BOS, *tokens[at - self.read : at].tolist()] for tokens, at in own]
            yield read_and_written(read, [[BOS, *tokens[at : at + self.written - 1].tolist()] for tokens, at in own])

    def _heads(self, model: Any, subject: Subject, index: Ints, cut: Ints) -> Heads:
        import torch

        heads = Heads()
        with torch.inference_mode(), ProgressLine("attention", sys.stderr) as line:
            for number, batch in enumerate(self._pairs(subject, index, cut), start=1):
                read, written = batch.encoder_tokens, batch.decoder_tokens
                texts = {"encoder": (read, read), "decoder": (written, written), "cross": (written, read)}
                weights = attention_weights(model, batch)
                for where in ATTENTIONS:
                    kinds = looked_at(*texts[where], own=where != "cross")
                    for layer, own in enumerate(weights[where], start=1):
                        heads.add(where, layer, own, kinds, causal=where == "decoder")
                line.update(f"pair {min(number * AT_ONCE, len(index))} of {len(index)}")
        return heads

    def _shown(self, subject: Subject, index: Ints, cut: Ints, metrics: Mapping[str, float]) -> list[dict[str, Any]]:
        import torch

        finished = subject.finished
        heads = {key: value for key, value in metrics.items() if key.startswith("cross/") and key.endswith("/after")}
        place = _harmless(subject, index)
        if place is None or not heads:
            return []
        _, layer, head, _ = max(heads, key=lambda key: heads[key]).split("/")
        batch = next(self._pairs(subject, index[place : place + 1], cut[place : place + 1]))
        with torch.inference_mode():
            weights = attention_weights(finished.module.model, batch)["cross"][int(layer) - 1][0, int(head) - 1]
        texts = token_texts(finished.run.corpus.tokenizer)
        tokens = {
            name: ["start" if token == BOS else shown(texts[token] or "·") for token in own[0].tolist()]
            for name, own in (("read", batch.encoder_tokens), ("written", batch.decoder_tokens))
        }
        return [
            {"layer": int(layer), "head": int(head), **tokens, "weights": weights.double().numpy().round(3).tolist()}
        ]


def _harmless(subject: Subject, index: Ints) -> int | None:
    """The place of the first document that the run's scorer minds nothing of; None if there is no scorer or no such."""
    settings = subject.finished.run.typed.scorer
    if settings is None:
        return None
    scorer: Scorer = build(settings, "scorer")
    if not scorer.any_text:
        return None
    for place, i in enumerate(index.tolist()):
        text = subject.rows[i]["text"]
        if scorer.masked(text) == text:
            return place
    return None
