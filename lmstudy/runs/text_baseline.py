"""The Kneser-Ney baseline of language models: the same data, the same held-out documents, the same kind of record."""

import math
import sys
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from lmstudy.config import BaselineConfig, check
from lmstudy.data.corpus import Corpus, prepare
from lmstudy.data.store import TokenStore
from lmstudy.data.tokenizer import token_bytes
from lmstudy.evaluation.kneser_ney import KneserNey
from lmstudy.runs.identity import EVALUATED
from lmstudy.runs.lifecycle import baseline, measured
from lmstudy.runs.records import Findings, Record


def chosen_documents(store: TokenStore, tokens: int | Literal["all"]) -> np.ndarray:
    """All documents, or the first of a fixed random order that together hold that many tokens."""
    if tokens == "all":
        return np.arange(len(store))
    order = np.random.default_rng(0).permutation(len(store))
    # A document's end token is trained on, too: models count it among the tokens they saw.
    return order[: int(np.searchsorted(np.cumsum(store.lengths(order) + 1), tokens)) + 1]


def group_totals(model: KneserNey, store: TokenStore, byte_counts: np.ndarray) -> list[list[float]]:
    """[groups][bits, bytes] over all documents of a split."""
    from lmstudy.data.datamodule import GROUPS  # torch, which who asks for `content` need not wait for

    flat, offsets = store.flat(np.arange(len(store)))
    size = np.add.reduceat(byte_counts[flat], offsets[:-1])
    groups = store.groups(GROUPS)
    totals = np.zeros((GROUPS, 2))
    np.add.at(totals, groups, np.stack([model.bits(flat, offsets), size], 1))
    return totals.tolist()


def content(config: Mapping[str, Any]) -> dict[str, Any]:
    """What a record keeps of a resolved configuration."""
    typed = check(BaselineConfig, config)
    return {"baseline": {"name": "kneser_ney", "order": typed.order, "tokens": typed.tokens}, "data": typed.data}


def kneser_ney(config: Mapping[str, Any]) -> Record:
    """Fit and evaluate, unless the record exists; return the record.

    Raises:
        StudyError: the configuration or the data is at fault.
    """
    typed = check(BaselineConfig, config)
    corpus = prepare(typed.data)
    name = f"kneser-ney-{typed.order}-{typed.tokens}"
    work = baseline("baseline", name, content(config), corpus.fingerprint, typed)
    return measured(work, lambda: _fit(name, corpus, typed.order, typed.tokens))


def _fit(name: str, corpus: Corpus, order: int, tokens: int | Literal["all"]) -> Findings:
    stores = {name: TokenStore(split) for name, split in corpus.splits.items()}
    chosen = chosen_documents(stores["train"], tokens)
    flat, offsets = stores["train"].flat(chosen)
    print(f"{name}: counting {len(flat):,} tokens of {len(chosen):,} documents", file=sys.stderr)
    model = KneserNey(order, corpus.tokenizer.get_vocab_size()).fit(flat, offsets)
    byte_counts = token_bytes(corpus.tokenizer)
    groups = {s: group_totals(model, stores[s], byte_counts) for s in EVALUATED if s in stores}
    totals = {split: np.sum(values, axis=0) for split, values in groups.items()}
    metrics = {f"{split}/bits_per_byte": bits / size for split, (bits, size) in totals.items()}
    for split, (bits, _) in totals.items():
        documents = len(stores[split])
        predicted = int(stores[split].lengths(np.arange(documents)).sum()) + documents
        metrics[f"{split}/loss"] = bits * math.log(2) / predicted
    return Findings(metrics | {"train/tokens": float(len(flat) + len(chosen))}, groups)
