"""The runs of the chapter on preferences: reward models that grade in the study."""

from lmstudy.study.chapter_runs import chapter_runs
from lmstudy.study.reward_models import LABELS, STRONG, TRAINING_SCORER

RUNS = chapter_runs(TRAINING_SCORER, STRONG, LABELS, seeds=[1], command="reward")
