"""The runs of the chapter on objectives at their own rates: the search, and what was predicted."""

from lmstudy.chapters.own_rates.own_rates import NAMES, SEEDS, TASK
from lmstudy.study.chapter_runs import chapter_runs
from lmstudy.study.preference_ladder import arm, tried

RUNS = [
    *(run for own in tried(TASK, NAMES).values() for run in chapter_runs(*own.values(), seeds=[1])),
    *(run for seed in SEEDS for name in NAMES for run in chapter_runs(arm(TASK, name), seeds=[seed])),
]
