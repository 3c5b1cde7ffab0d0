"""What a run's objective reads: documents, scores and control tokens, from its configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lmstudy.config import TrainConfig, build
from lmstudy.data.corpus import Corpus
from lmstudy.data.datamodule import Phase
from lmstudy.data.store import TokenStore
from lmstudy.data.tokenizer import GOOD
from lmstudy.errors import StudyError
from lmstudy.preferences.objectives.base import Objective
from lmstudy.preferences.rewritten import rewrite_split, rewriter_of
from lmstudy.preferences.scored import score_split
from lmstudy.preferences.scorers.base import Scorer


@dataclass(frozen=True)
class PhasedData:
    """Phases of the training data, the control token of evaluation, and what must be said of them."""

    phases: tuple[Phase, ...]
    control: int | None
    notes: tuple[str, ...]
    metrics: Mapping[str, float] = field(default_factory=dict)
    """Counts of what was done to the documents, for the record."""


def build_scorer(typed: TrainConfig) -> Scorer | None:
    """The run's scorer, if it has one."""
    return None if typed.scorer is None else build(typed.scorer, "scorer")


def check_scorer(typed: TrainConfig) -> None:
    """Build objective and scorer once, before the data.

    Raises:
        StudyError: one of their keys is wrong, or the objective needs a scorer, or one with a rewriter, and there is
            none.
    """
    objective: Objective = build(typed.objective, "objective")
    scorer = build_scorer(typed)
    if objective.scored and scorer is None:
        raise StudyError(f"objective={objective.name} needs to know what people mind: name a scorer, as in scorer=pep8")
    if objective.rewrites and scorer is not None:
        rewriter_of(scorer, f"objective={objective.name}")
    if objective.onset + objective.cooldown > 1:
        raise StudyError(
            f"objective.onset={objective.onset:g} and objective.cooldown={objective.cooldown:g} are shares of the "
            "steps and add up to more than 1"
        )


def own_steps(objective: Objective, steps: int) -> tuple[int, int]:
    """The first of an objective's own steps and the one after its last; before and after, it is maximum likelihood."""
    return round(objective.onset * steps), steps - round(objective.cooldown * steps)


def what_is_read(typed: TrainConfig, corpus: Corpus, objective: Objective) -> PhasedData:
    """The phases of training: plain documents before the onset, the objective's view, plain ones in the cooldown.

    Scores the training split, and repairs it where the objective reads repaired text, unless that is kept; lets the
    objective learn from the scores what it must.

    Raises:
        StudyError: the objective finds nothing to learn from.
    """
    control = GOOD if objective.controlled else None
    if not objective.scored:
        return PhasedData((Phase(0, TokenStore(corpus.splits["train"])),), control, ())
    assert typed.scorer is not None
    if objective.rewrites:
        scored = rewrite_split(corpus, "train", typed.scorer, f"objective={objective.name}")
    else:
        scored = score_split(corpus, "train", typed.scorer)
    counts = scored.repaired.counts if scored.repaired else {}
    view = objective.view(scored, typed.seed)
    steps = typed.budget.steps
    begin, end = own_steps(objective, steps)
    plain = Phase(0, scored.store)
    if begin >= end:
        note = f"onset={objective.onset:g}, cooldown={objective.cooldown:g}: no step is left for "
        note += f"objective={objective.name}, this run is maximum likelihood"
        return PhasedData((plain,), control, (*view.notes, note), counts)
    phases = [plain] if begin else []
    phases.append(Phase(begin, view.documents, view.token_scores))
    if end < steps:
        phases.append(Phase(end, scored.store))
    return PhasedData(tuple(phases), control, view.notes, counts)
