"""Seconds a training step, side by side: this package's step, and Hugging Face T5's for several batches."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lmstudy.benchmark.contest import Contest, Entry
from lmstudy.benchmark.peers import All, Peer
from lmstudy.benchmark.train import comparable
from lmstudy.data.batch import Shape
from lmstudy.data.corpus import Corpus
from lmstudy.errors import StudyError

OURS = "lmstudy.benchmark.contenders.ours_configured.ConfiguredTraining"
FORMS = ("hf_t5", "hf_t5_compiled")


@dataclass(frozen=True)
class StepSeconds:
    """A contest and who is who in it.

    Attributes:
        ours: name of this package's contender.
        forms: names of the peer's contenders, eager and compiled, by rows of a batch.
    """

    contest: Contest
    ours: str
    forms: Mapping[int, Sequence[str]]

    def of(self, name: str) -> np.ndarray:
        """[rounds] seconds a step."""
        account = self.contest.accounts[name]
        rows, read, written = account.facts["shape"]
        return rows * (read + written) / account.rates()

    def faster(self, rows: int) -> str:
        """The peer's form with the lower median."""
        return min(self.forms[rows], key=lambda name: float(np.median(self.of(name))))


def peer_forms(tell: Callable[[str], None]) -> list[Peer]:
    """T5 as it comes, and compiled where there is a compiler.

    Raises:
        StudyError: transformers is not installed.
    """
    known = {peer.name: peer for peer in All().peers()}
    eager, compiled = (known[name] for name in FORMS)
    if lacking := eager.lacking():
        raise StudyError(f"workload=quality needs its peer: {eager.name} {lacking}")
    if lacking := compiled.lacking():
        tell(f"{compiled.name} is skipped: it {lacking}")
        return [eager]
    return [eager, compiled]


def entries(
    corpus: Corpus, config: Mapping[str, Any], rows: Sequence[int], batches: int, tell: Callable[[str], None]
) -> tuple[list[Entry], str, dict[int, list[str]]]:
    """Contenders, the name of ours, and the peer's names by rows.

    Args:
        config: of a run of this package: its model's sizes, shape of a batch, optimiser.
        rows: the peer's batches.
        batches: different ones for each contender.
    """
    from lmstudy.benchmark.full_rows import packed_batches
    from lmstudy.data.store import TokenStore
    from lmstudy.training.compilation import compilation_problem

    if "train" not in corpus.splits:
        raise StudyError("the training split has no document: check data.cleaning and data.path")
    store, budget = TokenStore(corpus.splits["train"]), config["budget"]
    sizes = {name: value for name, value in config["model"].items() if name != "_target_"}
    sizes["vocab_size"] = corpus.tokenizer.get_vocab_size()

    def given(count: int) -> dict[str, Any]:
        shape = Shape(count, budget["encoder_length"], budget["decoder_length"], budget["prefix_length"])
        return {"batches": packed_batches(store, shape, batches), "documents": "packed", **sizes}

    problem = compilation_problem()
    if problem:
        tell(f"lmstudy is not compiled: {problem}")
    ours = "lmstudy_eager" if problem else "lmstudy"
    own = {**given(budget["rows"]), "compiled": not problem, "optimizer": config["optimizer"]}
    found, forms, peers = [Entry(ours, OURS, own)], {}, peer_forms(tell)
    for count in rows:
        settings = given(count)
        named = {f"{peer.name}_{count}_rows": peer.contenders["train"] for peer in peers}
        forms[count] = list(named)
        found += [Entry(name, factory, settings) for name, factory in named.items()]
    return found, ours, forms


def comparable_but_for_rows(facts: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises StudyError unless lengths of rows are equal, and numbers of parameters within 2 %."""
    comparable({name: {**each, "shape": each["shape"][1:]} for name, each in facts.items()})
