"""The runs of the chapter on preferences: reward models that grade in the study."""

from lmstudy.chapters.preferences.opinions import HELD_OUT_HALF, LABELS, TRAINING_HALF
from lmstudy.study.chapter_runs import chapter_runs

RUNS = chapter_runs(TRAINING_HALF, HELD_OUT_HALF, LABELS, seeds=[1], command="reward")
