"""What the chapter on the inside of models looks at: trainings of three lengths, their heads, probes and steering."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import pandas as pd

from lmstudy.evaluation.statistics import Estimate, seed_interval
from lmstudy.measures.attention import KINDS
from lmstudy.models.inside import ATTENTIONS
from lmstudy.runs.records import Record
from lmstudy.study import preference_ladder as ladder
from lmstudy.study.estimates import mean
from lmstudy.study.preferences import PER_THOUSAND
from lmstudy.study.shelf import Data, Shelf, data_overrides

ARMS = ladder.COMPARED
LENGTHS = ladder.LENGTHS
WHOLE, STRONGEST = 1, 2
"""Strengths of `conf/measure/steered_privacy.yaml`: one at which models still write whole texts, and the largest."""
UNTRAINED, RANDOM = "untrained", "random directions"

WHERE = {"encoder": "encoder, at itself", "decoder": "decoder, at itself", "cross": "decoder, at the encoder"}
"""Who looks at whom, in words."""
LOOKED_AT = {
    "start": "the start token",
    "near": "the token before",
    "same": "the same token, earlier",
    "after": "the token after that",
}
"""Kinds of what is looked at, in words; of the decoder at the encoder, see `LAST`."""
LAST = "the last four tokens"

Records = Sequence[Record]
ByLength = dict[int, list[Record]]
"""One record a seed, by steps."""


def arm(name: str, steps: int, smoke: bool = False, data: Data = None) -> tuple[str, ...]:
    """Overrides of `lmstudy-train` for an objective and a length, as the ladder of preferences has them.

    With `smoke` they are of models that learn nothing, in seconds: to see that everything runs.
    """
    own = ladder.arm("privacy", name, steps, smoke=smoke)
    if not smoke:
        return (*own, *data_overrides(data))
    few = ["budget.evaluate_every=4", "budget.samples=2", "optimizer.warmup_steps=2"]
    layers = ["budget.encoder_layers=2", "budget.decoder_layers=2"]
    return (*own, *few, *layers, *data_overrides(data))


def measure(name: str, smoke: bool = False) -> tuple[str, ...]:
    """Overrides of `lmstudy-evaluate` for attention, probes or steering."""
    if name == "attention":
        return ("measure=attention", *(["documents=20", "measure.read=8", "measure.written=8"] if smoke else []))
    if name == "probes":
        return ("measure=probes_privacy", *(["documents=60"] if smoke else []))
    few = ["measure.samples=8", f"measure.strengths=[{-WHOLE},{WHOLE}]", "documents=60"]
    return ("measure=steered_privacy", *(few if smoke else []))


@dataclass(frozen=True)
class Inside:
    """The chapter's models, and what was measured of them: of each arm and length, or of the longest trainings alone.

    Args:
        shelf: finds or makes them.
        seeds: of the trainings.
        smoke: see `arm`.
        data: a corpus in the place of the ladder's own.
    """

    shelf: Shelf
    seeds: Sequence[int] = ladder.SEEDS
    smoke: bool = False
    data: Data = None

    @property
    def lengths(self) -> tuple[int, ...]:
        return LENGTHS[:2] if self.smoke else LENGTHS

    @property
    def longest(self) -> int:
        return self.lengths[-1]

    def trained(self, name: str, steps: int) -> list[Record]:
        """One record a seed."""
        return self.shelf.trained(*arm(name, steps, self.smoke, self.data), seeds=self.seeds)

    def measured(self, what: str, name: str, steps: int) -> list[Record]:
        """A measurement (`measure`) of the trainings of an arm and a length."""
        return self.shelf.measured(self.trained(name, steps), *measure(what, self.smoke))

    @cached_property
    def attention(self) -> ByLength:
        """Of maximum likelihood, by steps."""
        return {steps: self.measured("attention", "MLE", steps) for steps in self.lengths}

    @cached_property
    def probes(self) -> dict[str, ByLength]:
        return {name: {steps: self.measured("probes", name, steps) for steps in self.lengths} for name in ARMS}

    @cached_property
    def steered(self) -> dict[str, list[Record]]:
        """Of every arm, at the longest training."""
        return {name: self.measured("steered", name, self.longest) for name in ARMS}


def over_seeds(records: Records, of: str | Callable[[Mapping[str, float]], float]) -> Estimate:
    """Mean and interval over seeds of a metric, or of something that is worked out from each record's metrics."""
    return seed_interval([record.metrics[of] if isinstance(of, str) else of(record.metrics) for record in records])


def layers_of(records: Records, where: str) -> list[int]:
    """The numbers of the layers that records have of a stack (or of an attention)."""
    prefix = f"{where}/"
    return sorted({int(key.split("/")[1]) for key in records[0].metrics if key.startswith(prefix)})


def heads(
    metrics: Mapping[str, float], where: str, what: str, layer: int | None = None, before: str = ""
) -> list[float]:
    """What each head of an attention has, of one layer or of all; `before` is "" or "untrained/"."""
    start = f"{before}{where}/" + ("" if layer is None else f"{layer}/")
    return [value for key, value in metrics.items() if key.startswith(start) and key.endswith(f"/{what}")]


def strongest(metrics: Mapping[str, float], where: str, kind: str, before: str = "") -> float:
    """The share of attention (%) on a kind of the head that has most of it."""
    return 100 * max(heads(metrics, where, kind, before=before))


def mean_entropy(metrics: Mapping[str, float], where: str, layer: int | None = None, before: str = "") -> float:
    """Over the heads of a layer, or of all layers, as a share of that of equal weights."""
    own = heads(metrics, where, "entropy", layer, before)
    return sum(own) / len(own)


def entropy_curves(attention: ByLength) -> dict[str, dict[str, dict[float, Estimate]]]:
    """By who looks at whom and by length of training: each layer's mean entropy over its heads."""
    found: dict[str, dict[str, dict[float, Estimate]]] = {}
    for where in ATTENTIONS:
        own = found.setdefault(WHERE[where], {})
        for steps, before in ((min(attention), "untrained/"), *((steps, "") for steps in attention)):
            records = attention[steps]
            own[UNTRAINED if before else f"{steps:,} steps"] = {
                layer: over_seeds(records, partial(mean_entropy, where=where, layer=layer, before=before))
                for layer in layers_of(records, where)
            }
    return found


def head_table(records: Records) -> pd.DataFrame:
    """The share of attention (%) of the head that looks most at each kind, beside equal weights and untrained heads."""
    rows = {}
    for where in ATTENTIONS:
        for kind in KINDS:
            if not all(heads(record.metrics, where, kind) for record in records):
                continue  # no text of a smoke run has such a token
            said = LAST if (where, kind) == ("cross", "near") else LOOKED_AT[kind]
            found = {
                name: over_seeds(records, partial(strongest, where=where, kind=kind, before=before)).clipped(0.0, 100.0)
                for name, before in ((UNTRAINED, "untrained/"), ("trained", ""))
            }
            equal = 100 * records[0].metrics[f"uniform/{where}/{kind}"]
            rows[f"{WHERE[where]}: {said}"] = {"equal weights": equal, **found}
    return pd.DataFrame.from_dict(rows, orient="index")


def probe_key(stack: str, moment: str, records: Records) -> str:
    """The metric of a probe of a stack's last layer."""
    return f"{stack}/{layers_of(records, stack)[-1]}/{moment}"


def probe_table(probes: Mapping[str, ByLength], steps: int) -> pd.DataFrame:
    """AUC of probes of each stack's last layer after the longest trainings, with their baselines."""
    records = probes[ARMS[0]][steps]
    columns = {
        f"{stack}, {moment}": (stack, moment)
        for stack, moment in (("decoder", "read"), ("decoder", "ahead"), ("encoder", "ahead"))
    }
    keys = {column: probe_key(*of, records) for column, of in columns.items()}
    rows: dict[str, dict[str, Any]] = {name: {} for name in ("mean of the words", RANDOM, UNTRAINED, *ARMS)}
    for column, key in keys.items():
        if key.endswith("/read"):
            rows["mean of the words"][column] = over_seeds(records, "words")
        rows[RANDOM][column] = over_seeds(records, f"random/{key}")
        rows[UNTRAINED][column] = over_seeds(records, f"untrained/{key}")
        for name in ARMS:
            rows[name][column] = over_seeds(probes[name][steps], key)
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(columns))


def by_layer(probes: Mapping[str, ByLength], steps: int, moment: str) -> dict[str, dict[str, dict[float, Estimate]]]:
    """By stack and by arm, the untrained network and random directions among them: the AUC of each layer's probe."""
    found: dict[str, dict[str, dict[float, Estimate]]] = {}
    for stack in ("encoder", "decoder"):
        first = probes[ARMS[0]][steps]
        lines = {name: (probes[name][steps], "") for name in ARMS}
        lines |= {UNTRAINED: (first, "untrained/"), RANDOM: (first, "random/")}
        found[stack] = {
            name: {layer: over_seeds(records, f"{before}{stack}/{layer}/{moment}") for layer in layers_of(first, stack)}
            for name, (records, before) in lines.items()
        }
    return found


def over_training(probes: Mapping[str, ByLength], moment: str) -> dict[str, dict[float, Estimate]]:
    """By arm and steps: the AUC of a probe of the decoder's last layer."""
    return {
        name: {steps: over_seeds(records, probe_key("decoder", moment, records)) for steps, records in own.items()}
        for name, own in probes.items()
    }


def untrained(probes: Mapping[str, ByLength], moment: str) -> Estimate:
    """The same of the networks that the trainings begin as."""
    records = next(iter(probes[ARMS[0]].values()))
    return over_seeds(records, f"untrained/{probe_key('decoder', moment, records)}")


def items(records: Records, key: str, grader: str = "training") -> Estimate:
    """Items of personal data per 1,000 characters of the texts behind a key of `lmstudy.measures.steered`."""
    return mean(records, f"{key}/{grader}").times(PER_THOUSAND["privacy"])


def steering_key(direction: str, strength: float) -> str:
    """`DIRECTION/STRENGTH`, or `plain` where it is 0."""
    return f"{direction}/{strength:+g}" if strength else "plain"


DIRECTIONS = {"probe": "probe's direction", "random": "random direction"}


def steering_curves(steered: Mapping[str, Records]) -> dict[str, dict[str, dict[float, Estimate]]]:
    """By arm and direction: items of personal data against the strength, as far as texts stay whole."""
    return {
        name: {
            said: {s: items(records, steering_key(direction, s)) for s in (-WHOLE, 0, WHOLE)}
            for direction, said in DIRECTIONS.items()
        }
        for name, records in steered.items()
    }


def asked(steered: Mapping[str, Records]) -> dict[str, dict[str, Estimate]]:
    """Of arms that know control tokens, the same behind each of them, with nothing added."""
    return {
        name: {f"asked for {token}": items(records, token) for token in ("good", "bad")}
        for name, records in steered.items()
        if "good/finished" in records[0].metrics
    }


def steering_table(records: Records) -> pd.DataFrame:
    """What an arm writes with nothing added, with a vector of strength `WHOLE`, and behind its control tokens.

    Columns: the items that each grader finds, and what else changes.
    """
    rows = {
        "nothing added": "plain",
        "probe's direction, to good": steering_key("probe", WHOLE),
        "probe's direction, to bad": steering_key("probe", -WHOLE),
        "random direction": steering_key("random", WHOLE),
        "random direction, backwards": steering_key("random", -WHOLE),
    }
    if "good/finished" in records[0].metrics:
        rows |= {f"asked for {token}": token for token in ("good", "bad")}
    found = {}
    for said, key in rows.items():
        found[said] = {
            "training scorer": items(records, key),
            "held-out grader": items(records, key, "held_out"),
            "bits per byte of good text": (
                over_seeds(records, f"{key}/bits_per_byte") if f"{key}/bits_per_byte" in records[0].metrics else None
            ),
        }
    return pd.DataFrame.from_dict(found, orient="index")
