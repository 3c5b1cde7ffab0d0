"""The runs of the chapter on reward models."""

from lmstudy.study.chapter_runs import chapter_runs
from lmstudy.study.reward_models import FEWER_TEXTS, ONE_RATING, OURS, REGRESSION, STRONG, TRAINING_SCORER

RUNS = [
    *chapter_runs(OURS, *FEWER_TEXTS.values(), ONE_RATING, REGRESSION, command="reward"),
    *chapter_runs(TRAINING_SCORER, seeds=[1], command="reward"),
    *chapter_runs(STRONG, command="reward"),
]
