"""What seconds a training step, side by side, and records of runs say about time to quality."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from lmstudy.benchmark.contest import Contest, Entry, comparable
from lmstudy.benchmark.peers import All, Peer
from lmstudy.benchmark.result import Line
from lmstudy.benchmark.settings import Network
from lmstudy.benchmark.train import in_half, packed_batches, training_store
from lmstudy.data.batch import Shape
from lmstudy.data.corpus import Corpus
from lmstudy.errors import StudyError
from lmstudy.evaluation.rounds import over_rounds
from lmstudy.evaluation.statistics import seed_interval
from lmstudy.runs.records import Record
from lmstudy.training import compilation
from lmstudy.training.precision import FULL, HALF, emulated

OURS = "lmstudy.benchmark.contenders.ours.ConfiguredTraining"
PEER = "hf_t5"
FORMS = (PEER, "hf_t5_compiled")
VALID = "valid/bits_per_byte"
"""Of all held-out documents in a record's metrics, of the first ones in its curves."""
BOTH = 0.975
"""Confidence of each of two intervals that together hold with 95 % (Bonferroni)."""


@dataclass(frozen=True)
class StepSeconds:
    """A contest and who is who in it.

    Attributes:
        ours: name of this package's contender.
        forms: names of the peer's contenders, eager, compiled and in bfloat16, by rows of a batch.
    """

    contest: Contest
    ours: str
    forms: Mapping[int, Sequence[str]]

    def of(self, name: str) -> np.ndarray:
        """[rounds] seconds a step."""
        account = self.contest.accounts[name]
        rows, read, written = account.facts["shape"]
        return rows * (read + written) / account.rates()

    def fastest(self, rows: int) -> str:
        """The peer's form with the lowest median."""
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
    corpus: Corpus,
    config: Mapping[str, Any],
    steps: int,
    rows: Sequence[int],
    batches: int,
    tell: Callable[[str], None],
) -> tuple[list[Entry], str, dict[int, list[str]]]:
    """Contenders, the name of ours, and the peer's names by rows.

    Args:
        config: of a run of this package: its model's sizes, shape of a batch, optimiser, precision.
        steps: of our shortest run; it is not compiled where that does not pay.
        rows: the peer's batches.
        batches: different ones for each contender.
    """
    store, budget = training_store(corpus), config["budget"]
    own = {name: value for name, value in config["model"].items() if name != "_target_"}
    own["vocab_size"] = corpus.tokenizer.get_vocab_size()
    sizes = {name: own[name] for name in ("vocab_size", *(field.name for field in fields(Network)))}

    def given(count: int) -> dict[str, Any]:
        shape = Shape(count, budget["encoder_length"], budget["decoder_length"], budget["prefix_length"])
        return {"batches": packed_batches(store, shape, batches), "documents": "packed"}

    problem = compilation.compilation_problem()
    if problem:
        tell(f"lmstudy is not compiled: {problem}")
    compiled = not problem and steps >= compilation.PAYS_FROM
    ours = "lmstudy" if compiled else "lmstudy_eager"
    own |= {"compiled": compiled, "optimizer": config["optimizer"], "half": config["trainer"]["precision"] != FULL}
    found, forms, peers = [Entry(ours, OURS, {**given(budget["rows"]), **own})], {}, peer_forms(tell)
    for count in rows:
        settings = {**given(count), **sizes}
        entries = [Entry(f"{peer.name}_{count}_rows", peer.contenders["train"], settings) for peer in peers]
        if not emulated(HALF, "cpu"):
            entries += in_half([one for one, peer in zip(entries, peers, strict=True) if peer.compiler])
        forms[count] = [entry.name for entry in entries]
        found += entries
    return found, ours, forms


def comparable_but_for_rows(facts: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises StudyError unless lengths of rows are equal, and numbers of parameters within 2 %."""
    comparable({name: {**each, "shape": each["shape"][1:]} for name, each in facts.items()})


@dataclass(frozen=True)
class Reach:
    """The lengths at which a target is reached, in steps; None where no length that was tried does.

    Attributes:
        steps: the shortest whose mean over seeds is at most the target.
        surely: the shortest whose whole interval over seeds is.
        perhaps: the shortest whose interval begins there.
    """

    steps: int | None
    surely: int | None
    perhaps: int | None


def reach(bits: Mapping[int, Sequence[float]], target: float, confidence: float) -> Reach:
    """Bits per byte of every seed by length, against a target. One seed has no interval."""
    found = {steps: seed_interval(values, confidence) for steps, values in sorted(bits.items())}

    def shortest(end: str) -> int | None:
        return next((steps for steps, each in found.items() if getattr(each, end) <= target), None)

    return Reach(shortest("value"), shortest("high"), shortest("low"))


@dataclass(frozen=True)
class Comparison:
    """The peer's final run and ours, with seconds a step of both.

    Args:
        peer: record of the peer's final run.
        peer_steps: its length.
        ours: records of all seeds, by length.
        peer_seconds, our_seconds: [rounds] seconds a step of the same rounds.
        steady: whether the machine was quiet enough for their ratio.
    """

    peer: Record
    peer_steps: int
    ours: Mapping[int, Sequence[Record]]
    peer_seconds: np.ndarray
    our_seconds: np.ndarray
    steady: bool

    def lines(self) -> list[Line]:
        """The headline first, then equal minutes and tokens, then what they are made of."""
        return [self.time_to_quality(), self.at_equal_minutes(), self.tokens_to_quality(), *self.parts()]

    def bits(self) -> dict[int, list[float]]:
        """Bits per byte of all held-out documents: every seed, by length."""
        return {steps: [record.metrics[VALID] for record in records] for steps, records in self.ours.items()}

    def target(self) -> float:
        """The peer's, on the same documents."""
        return self.peer.metrics[VALID]

    def time_to_quality(self) -> Line:
        """The peer's minutes over ours, for the shortest length that is as good; seconds a step are paired by round."""
        found = reach(self.bits(), self.target(), BOTH)
        step = over_rounds(self.peer_seconds / self.our_seconds, BOTH)
        if found.steps is None:
            return Line("time_to_quality", f"1/min, {self._not_reached()}", PEER, better="higher")
        return Line(
            "time_to_quality",
            "1/min",
            PEER,
            ratio=self.peer_steps / found.steps * step.value,
            low=self._end(found.surely, step.low),
            high=self._end(found.perhaps, step.high),
            rounds=step.n,
            better="higher",
            conclusive=self.steady,
        )

    def tokens_to_quality(self) -> Line:
        """The peer's target tokens over ours, for the same length: what does not depend on the machine."""
        found = reach(self.bits(), self.target(), 0.95)

        def ratio(steps: int | None) -> float | None:
            return None if steps is None else self.peer.metrics["train/tokens"] / self._tokens(steps)

        unit = "1/token" if found.steps else f"1/token, {self._not_reached()}"
        ends = (ratio(found.surely), ratio(found.perhaps))
        low, high = ends if found.steps else (None, None)
        return Line("tokens_to_quality", unit, PEER, ratio=ratio(found.steps), low=low, high=high, better="higher")

    def at_equal_minutes(self) -> Line:
        """Our longest runs' bits per byte minus the peer's after as many minutes, on the documents of the curves.

        The interval is over seeds alone: seconds a step only place the point on the peer's curve.
        """
        longest, curve = max(self.ours), self.peer.curves[VALID]
        place = longest / float(np.median(self.peer_seconds / self.our_seconds))
        name, unit = "bits_per_byte_at_equal_minutes", "bits/byte more than hf_t5"
        if not curve["step"][0] <= place <= curve["step"][-1]:
            unit += f", which has no point about its step {place:.0f}"
            return Line(name, unit, better="lower")
        theirs = float(np.interp(place, curve["step"], curve["value"]))
        found = seed_interval([record.curves[VALID]["value"][-1] - theirs for record in self.ours[longest]])
        return Line.of(name, unit, found, better="lower")

    def parts(self) -> list[Line]:
        """Minutes and bits per byte of both sides."""
        lines = [
            self._minutes("minutes", PEER, self.peer_steps, self.peer_seconds),
            Line("bits_per_byte", "bits/byte", contender=PEER, value=self.target(), better="lower"),
        ]
        for steps, values in sorted(self.bits().items()):
            lines.append(self._minutes(f"minutes_{steps}_steps", "lmstudy", steps, self.our_seconds))
            found = seed_interval(values)
            lines.append(Line.of(f"bits_per_byte_{steps}_steps", "bits/byte", found, better="lower"))
        return lines

    def _end(self, steps: int | None, ratio: float) -> float | None:
        return None if steps is None or math.isnan(ratio) else self.peer_steps / steps * ratio

    def _tokens(self, steps: int) -> float:
        return float(np.mean([record.metrics["train/tokens"] for record in self.ours[steps]]))

    def _not_reached(self) -> str:
        minutes = max(self.ours) * float(np.median(self.our_seconds)) / 60
        return f"not reached in {max(self.ours)} steps ({minutes:.1f} min)"

    def _minutes(self, name: str, contender: str, steps: int, seconds: np.ndarray) -> Line:
        found = over_rounds(seconds).times(steps / 60)
        told = {"rounds": found.n, "better": "lower", "conclusive": self.steady}
        return Line.of(name, "min", found, contender=contender, **told)


def run_sample(name: str, record: Record, command: str, minutes: float) -> dict[str, Any]:
    """A run as the benchmark's record keeps it beside its curves."""
    budget = record.config["budget"]
    assert isinstance(budget, dict)
    return {
        "run": name,
        "id": record.id,
        "command": command,
        "seed": record.seed,
        "steps": budget["steps"],
        "rows": budget["rows"],
        "target_tokens": record.metrics["train/tokens"],
        "bits_per_byte": record.metrics[VALID],
        "minutes": minutes,
    }
