"""The runs of the chapter on the inside of models: those of the ladder of preferences."""

from lmstudy.chapters.inside.inside import ARMS, LENGTHS, arm
from lmstudy.study.chapter_runs import chapter_runs
from lmstudy.study.preference_ladder import SEEDS

RUNS = [run for steps in LENGTHS for name in ARMS for run in chapter_runs(arm(name, steps), seeds=SEEDS)]
