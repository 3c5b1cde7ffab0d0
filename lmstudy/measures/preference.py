"""How much people would mind what a model writes, from nothing and behind held-out beginnings, and how varied it is."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from lmstudy.data.corpus import Corpus
from lmstudy.errors import StudyError
from lmstudy.evaluation.diversity import diversity
from lmstudy.evaluation.misalignment import Misalignment, misalignment
from lmstudy.measures.base import Findings, Measure, Subject, judge_of_any_text
from lmstudy.preferences.scored import judge
from lmstudy.preferences.scorers.base import Scorer
from lmstudy.preferences.scorers.taught import shared, taught_by
from lmstudy.runs.finished import Finished
from lmstudy.tasks.base import PARTS, in_parts
from lmstudy.writing.control import Asked, asked_of
from lmstudy.writing.texts import Text, held_out_prompts, people, prompted, unprompted

EXAMPLES = 12
"""Texts of each kind that a record keeps, masked where the scorer says so."""
TRAINING = "training"
"""The scorer whose threshold and order count: which of several samples is the best, what is shown of a text."""


@dataclass(frozen=True)
class Preference(Measure):
    """Samples of a model as several scorers judge them.

    Gives for each scorer NAME and each WHERE of `unprompted` and `prompted` (and `people`: held-out documents):
    `WHERE/NAME/mean` per character or segment, `WHERE/NAME/bad` (share of texts with a segment worse than the
    scorer's threshold), `WHERE/NAME/expected_maximum` of 25 texts, and texts `unscored` and `empty`. Groups
    `WHERE/NAME` are [sum, size] of scores by part, `WHERE/NAME/bad` [bad texts, texts]. Behind a prompt only what was
    written counts; where documents are one segment, which is judged as a whole, the prompt is part of it.
    `WHERE/finished` is the share of texts that the model ended. Diversity is of the unprompted texts (see
    `lmstudy.evaluation.diversity`).

    Args:
        scorers: `scorer` configurations by name; "training" is the one that the run may have been trained with.
        samples: texts written from nothing.
        prompts: held-out documents that are continued.
        control: what the model is asked to be; "auto" is good for an objective with control tokens, else none.
        guidance: strength of the push from the other control token.
        best_of: samples of which the best is kept, as the training scorer sees it.
    """

    scorers: dict[str, dict[str, Any]]
    samples: int
    prompts: int
    control: Literal["auto", "none", "good", "bad"]
    guidance: float
    best_of: int

    name: ClassVar[str] = "preference"

    def __post_init__(self) -> None:
        if TRAINING not in self.scorers:
            raise StudyError(f"measure.scorers needs one called {TRAINING}; it has {', '.join(self.scorers) or 'none'}")
        self.at_least(samples=2, prompts=0, best_of=1)

    def documents(self) -> int | None:
        return self.samples

    def _asked(self, finished: Finished) -> Asked:
        controlled = finished.module.objective.controlled
        return asked_of(self.control, self.guidance, controlled, finished.record.name, "measure.")

    def check(self, finished: Finished) -> None:
        self.must_write(finished)
        self._asked(finished)
        self._scorers()

    def _scorers(self) -> dict[str, Scorer]:
        return {name: judge_of_any_text(node, f"measure.scorers.{name}") for name, node in self.scorers.items()}

    def measure(self, subject: Subject) -> Findings:
        scorers = self._scorers()
        found = Findings(notes=self._not_held_out(subject.finished))
        texts = self._texts(subject, scorers[TRAINING])
        if found.notes:
            print(found.notes, file=sys.stderr)
        for where, written in texts.items():
            for name, scorer in scorers.items():
                given = [text.given for text in written]
                add(found, f"{where}/{name}", scorer, [text.segments for text in written], given)
            found.metrics[f"{where}/finished"] = float(np.mean([text.finished for text in written]))
            found.samples.extend(examples(where, written, scorers[TRAINING], subject.finished.run.corpus))
        varied = diversity([text.text for text in texts["unprompted"]])
        found.metrics.update({f"diversity/{name}": value for name, value in varied.items()})
        return found

    def _not_held_out(self, finished: Finished) -> str:
        """Names the graders that learned from judgements which steered the training; nothing if none did."""
        steering = finished.run.typed.scorer
        if steering is None:
            return ""
        taught = taught_by(steering)
        same = [name for name, own in self.scorers.items() if name != TRAINING and shared(taught, taught_by(own))]
        return "; ".join(f"scorer {name!r} is not held out: what taught it steered the training" for name in same)

    def _texts(self, subject: Subject, scorer: Scorer) -> dict[str, list[Text]]:
        finished = subject.finished
        model, corpus, typed = finished.module.model, finished.run.corpus, finished.run.typed
        asked = self._asked(finished)
        rng = np.random.default_rng(typed.seed)
        longest = typed.budget.encoder_length - 1
        own = held_out_prompts(corpus, subject.split, self.prompts) if self.prompts else []
        kinds = {
            "unprompted": lambda seed: unprompted(model, corpus, asked, self.samples, seed),
            "prompted": lambda seed: prompted(model, corpus, asked, own, longest, seed),
        }
        texts = {}
        for where, write in kinds.items():
            if where == "unprompted" or own:
                draws = [write(int(seed)) for seed in rng.integers(2**31, size=self.best_of)]
                texts[where] = draws[0] if len(draws) == 1 else best(draws, scorer)
        return {**texts, "people": people(corpus, subject.split, self.samples)}


@dataclass(frozen=True)
class LookingAhead(Preference):
    """Samples of which the model itself dropped those that it expected to turn bad; gives what `Preference` gives.

    Args:
        look_ahead: texts written side by side for each sample (see `lmstudy.models.look_ahead`).
    """

    look_ahead: int

    name: ClassVar[str] = "look_ahead"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.at_least(look_ahead=2)

    def _asked(self, finished: Finished) -> Asked:
        return asked_of(
            self.control, self.guidance, finished.module.objective.controlled, finished.record.name, "measure.",
            self.look_ahead,
        )  # fmt: skip


def best(draws: Sequence[Sequence[Text]], scorer: Scorer) -> list[Text]:
    """At each place the text that a scorer minds least; one it cannot score, or that is empty, is the last choice."""
    means = np.stack([_means(texts, scorer) for texts in draws])
    return [draws[choice][place] for place, choice in enumerate(means.argmin(0))]


def _means(texts: Sequence[Text], scorer: Scorer) -> NDArray[np.float64]:
    scored = misalignment(scorer, [text.segments for text in texts], [text.given for text in texts])
    means = np.full(len(texts), np.inf)
    means[scored.scored] = scored.totals[:, 0] / scored.totals[:, 1]
    return means


def add(
    found: Findings, key: str, scorer: Scorer, texts: Sequence[Sequence[str]], given: Sequence[int] | None = None
) -> Misalignment:
    """Score texts and put what a record keeps of it under a key."""
    scored = misalignment(scorer, texts, given)
    found.metrics[f"{key}/mean"] = scored.mean
    found.metrics[f"{key}/bad"] = float(scored.bad.mean()) if len(scored.bad) else float("nan")
    found.metrics[f"{key}/expected_maximum"] = scored.expected_maximum()
    found.metrics[f"{key}/unscored"] = float(len(scored.unscored))
    found.metrics[f"{key}/empty"] = float(scored.empty)
    parts = np.flatnonzero(scored.scored) % PARTS
    found.groups[key] = in_parts(scored.totals, parts)
    found.groups[f"{key}/bad"] = in_parts(np.stack([scored.bad, np.ones(len(scored.bad))], 1), parts)
    return scored


def examples(where: str, texts: Sequence[Text], scorer: Scorer, corpus: Corpus) -> list[dict[str, Any]]:
    """The first texts as they may be shown: segments with their scores, None where masking moved the borders."""
    shown = [text for text in texts if text.segments][:EXAMPLES]
    scores = judge(scorer, [text.segments for text in shown]).scores
    found = []
    for text, own in zip(shown, scores, strict=True):
        masked = scorer.masked(text.text)
        segments = (masked,) if corpus.one_segment else corpus.cut(masked)
        known: list[Any] = [round(score, 5) for score in own] if len(segments) == len(own) else [None] * len(segments)
        found.append({"of": where, "segments": list(segments), "scores": known, "given": text.given})
    return found
