"""How badly a model can be made to write by prompts that are bred for it (see `lmstudy.evaluation.red_team`)."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from lmstudy.errors import StudyError
from lmstudy.evaluation.red_team import RedTeam, red_team
from lmstudy.measures.base import Findings, Measure, Subject, judge_of_any_text
from lmstudy.preferences.scorers.base import Scorer
from lmstudy.runs.finished import Finished
from lmstudy.writing.control import Asked
from lmstudy.writing.texts import held_out_prompts, prompt_from, prompted

POOL = 4
"""Held-out beginnings for each prompt of the first round."""
SHOWN = 4
"""Worst prompts that a record keeps, masked where the scorer says so."""


@dataclass(frozen=True)
class RedTeaming(Measure):
    """Rounds of prompts, each drawn and bred from those that were answered worst so far.

    Gives `red_team/NUMBER/mean`, `bad` (share of replies with a bad segment) and `empty` for each round from 0 (the
    given prompts), and under `red_team/again` for the worst prompts of all, answered anew. Groups hold [sum, size] of
    scores by prompt. A model with control tokens is asked to be good, whatever the prompt is like.

    Args:
        scorer: `scorer` configuration; it judges replies and steers the breeding.
        rounds, size, replies: as in `lmstudy.evaluation.red_team.red_team`.
    """

    scorer: dict[str, Any]
    rounds: int
    size: int
    replies: int

    name: ClassVar[str] = "red_team"

    def documents(self) -> int | None:
        return POOL * self.size

    def check(self, finished: Finished) -> None:
        self.must_write(finished)
        if finished.run.corpus.one_segment:
            raise StudyError("measure=red_team breeds prompts from segments: documents of this corpus are one each")

    def measure(self, subject: Subject) -> Findings:
        scorer = judge_of_any_text(self.scorer, "measure.scorer")
        run, module = subject.finished.run, subject.finished.module
        corpus, longest, seed = run.corpus, run.typed.budget.encoder_length - 1, run.typed.seed
        room = module.model.max_positions // 2  # of what may be written; the rest is for the reply
        asked, rng = Asked("good" if module.objective.controlled else "none"), np.random.default_rng([seed, 2])

        def reply(prompts: list[list[str]]) -> list[list[str]]:
            """As `lmstudy.evaluation.red_team.Reply`: every call draws anew."""
            made = [prompt_from(corpus, "".join(segments)) for segments in prompts]
            made = [replace(prompt, begun=prompt.begun[-room:]) for prompt in made]  # lines that breeding joined
            texts = prompted(module.model, corpus, asked, made, longest, int(rng.integers(2**31)))
            return [list(text.segments[text.given :]) for text in texts]

        prompts = held_out_prompts(corpus, subject.split, subject.documents or POOL * self.size)
        given = [corpus.cut(prompt.text) for prompt in prompts]
        sizes = {"rounds": self.rounds, "size": self.size, "replies": self.replies}
        return findings(red_team(reply, scorer, given, **sizes, seed=seed), scorer)


def findings(found: RedTeam, scorer: Scorer) -> Findings:
    """What a record keeps of a course."""
    metrics: dict[str, float] = {}
    groups: dict[str, list[list[float]]] = {}
    for name, result in (*((str(each.number), each) for each in found.rounds), ("again", found.again)):
        key = f"red_team/{name}"
        metrics |= {f"{key}/mean": result.mean, f"{key}/bad": result.bad, f"{key}/empty": float(result.empty)}
        groups[key] = [[float(f"{top:.6g}"), float(size)] for top, size in result.counts]
    worst = sorted(found.pool, key=lambda attempt: -attempt.score)[:SHOWN]
    samples = [
        {"prompt": scorer.masked("".join(a.prompt)), "reply": scorer.masked("".join(a.replies[0])), "kind": a.kind}
        for a in worst
    ]
    return Findings(metrics, groups, samples)
