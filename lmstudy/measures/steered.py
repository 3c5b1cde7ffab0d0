"""What a model writes while a multiple of a probe's direction is added to its states: does the direction act?"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from lmstudy.data.tokenizer import BOS
from lmstudy.errors import StudyError
from lmstudy.evaluation.probes import Floats, fitted
from lmstudy.measures.base import Findings, Measure, Subject, judge_of_any_text
from lmstudy.measures.preference import TRAINING, add
from lmstudy.measures.probes import Segments, decoder_states, segments_of
from lmstudy.models.inside import Shifted, check_transformer, read_and_written, shifted
from lmstudy.progress import ProgressLine
from lmstudy.runs.finished import Finished
from lmstudy.writing.control import PLAIN, Asked
from lmstudy.writing.texts import unprompted

DOCUMENTS = 128
"""Good held-out documents whose bits say what a direction costs."""
AT_ONCE = 32
"""Of these, read together."""


@dataclass(frozen=True)
class Steered(Measure):
    """Texts from nothing while a vector is added behind one decoder layer, at every position.

    The vector is a strength times the spread (one standard deviation) of held-out states along the direction of a
    probe of good against bad segments (`lmstudy.evaluation.probes.Probe`); above 0 it points to good. Beside it stands
    a random direction, with vectors of the same lengths. No control token is written, so that all models do the same.

    Each KEY is `plain` (nothing added), `probe/STRENGTH` or `random/STRENGTH` (such as `probe/+2`), or, of a model that
    knows control tokens, `good` or `bad`: nothing added, behind that token. The same random numbers are drawn for each.
    It gives what `lmstudy.measures.preference.add` gives for `KEY/SCORER`, `KEY/finished` (share of texts that the
    model ended), `KEY/characters` (mean length) and, without control tokens, `KEY/bits_per_byte` of held-out documents
    without a bad segment: what the vector costs. `spread` is that of the states, `cosine` that between pattern and
    normal.

    Args:
        scorers: `scorer` configurations by name; "training" says which segments are bad.
        layer: of the decoder, 1 is the first.
        moment: of the probe: behind a segment (read), or before it (ahead).
        direction: pattern is how states change with the probe's score; normal is the way in which the score changes
            fastest.
        strengths: in standard deviations, not 0.
        samples: texts of each.
    """

    scorers: dict[str, dict[str, Any]]
    layer: int
    moment: Literal["read", "ahead"]
    direction: Literal["pattern", "normal"]
    strengths: list[float]
    samples: int

    name: ClassVar[str] = "steered"

    def __post_init__(self) -> None:
        if TRAINING not in self.scorers:
            raise StudyError(f"measure.scorers needs one called {TRAINING}; it has {', '.join(self.scorers) or 'none'}")
        self.at_least(samples=2)
        if not self.strengths or 0 in self.strengths or len(set(self.strengths)) < len(self.strengths):
            raise StudyError(
                f"measure.strengths={self.strengths} must be different numbers other than 0: that is measured anyway"
            )

    def check(self, finished: Finished) -> None:
        model = finished.module.model
        check_transformer(model, f"measure=steered of {finished.record.name}")
        if not 1 <= self.layer <= len(model.decoder):
            raise StudyError(f"measure.layer={self.layer} must be one of this run's decoder, 1 to {len(model.decoder)}")
        for name, settings in self.scorers.items():
            judge_of_any_text(settings, f"measure.scorers.{name}")

    def measure(self, subject: Subject) -> Findings:
        import torch

        finished = subject.finished
        model, corpus, seed = finished.module.model, finished.run.corpus, finished.run.typed.seed
        scorers = {name: judge_of_any_text(own, f"measure.scorers.{name}") for name, own in self.scorers.items()}
        segments = segments_of(subject, self.scorers[TRAINING], model.max_positions - 1)
        with torch.inference_mode():
            states = decoder_states(model, segments)[self.layer]
        along, spread, correlation = self._direction(states, segments, subject.split)
        other = np.random.default_rng(seed).normal(size=len(along))
        found = Findings({"spread": spread, "cosine": correlation})
        vectors: dict[str, tuple[Asked, Floats]] = {"plain": (PLAIN, 0 * along)}
        for name, unit in (("probe", along), ("random", other / np.linalg.norm(other))):
            vectors |= {f"{name}/{strength:+g}": (PLAIN, strength * spread * unit) for strength in self.strengths}
        if finished.module.objective.controlled:
            vectors |= {"good": (Asked("good"), 0 * along), "bad": (Asked("bad"), 0 * along)}
        good = good_documents(segments)
        for key, (asked, vector) in vectors.items():
            vector_D = torch.tensor(vector, dtype=torch.float32)
            texts = unprompted(Shifted(model, self.layer, vector_D), corpus, asked, self.samples, seed)
            for name, scorer in scorers.items():
                add(found, f"{key}/{name}", scorer, [text.segments for text in texts])
            found.metrics[f"{key}/finished"] = float(np.mean([text.finished for text in texts]))
            found.metrics[f"{key}/characters"] = float(np.mean([len(text.whole) for text in texts]))
            if asked == PLAIN:
                with torch.inference_mode(), shifted(model, self.layer, vector_D):
                    found.metrics[f"{key}/bits_per_byte"] = bits_per_byte(finished, good)
        return found

    def _direction(self, states: Floats, segments: Segments, split: str) -> tuple[Floats, float, float]:
        """The direction [D] to good, of length 1; the spread of states along it; the cosine of pattern and normal."""
        borders, whose = segments.of(self.moment)
        known = states[borders]
        probe = fitted(known, segments.bad[whose], f"segments of split={split}")
        pattern, normal = probe.pattern(known), probe.normal
        unit = pattern if self.direction == "pattern" else normal
        return unit, float((known @ unit).std()), float(pattern @ normal)


def good_documents(segments: Segments) -> list[list[int]]:
    """The first documents of which no segment that is looked at is bad, in tokens."""
    spoiled = set(segments.document[segments.before[segments.bad]].tolist())
    kept = [text.tolist() for number, text in enumerate(segments.texts) if number not in spoiled and len(text)]
    return kept[:DOCUMENTS]


def bits_per_byte(finished: Finished, documents: Sequence[Sequence[int]]) -> float:
    """Of documents without their ends, each written from nothing, with no control token; NaN if there is none."""
    import torch
    import torch.nn.functional as F

    from lmstudy.data.tokenizer import token_bytes

    sizes = torch.from_numpy(token_bytes(finished.run.corpus.tokenizer)).double()
    nats = size = 0.0
    with ProgressLine("bits", sys.stderr) as line:
        for start in range(0, len(documents), AT_ONCE):
            own = [list(one) for one in documents[start : start + AT_ONCE]]
            batch = read_and_written([[BOS]] * len(own), [[BOS, *one[:-1]] for one in own])
            labels = torch.nn.utils.rnn.pad_sequence(
                [torch.tensor(one) for one in own], batch_first=True, padding_value=-100
            )
            logits = finished.module.model(batch).flatten(0, 1)
            nats += float(F.cross_entropy(logits, labels.flatten(), ignore_index=-100, reduction="sum").double())
            size += float(sizes[labels[labels >= 0]].sum())
            line.update(f"document {min(start + AT_ONCE, len(documents))} of {len(documents)}")
    return nats / np.log(2) / size if size else float("nan")
