"""The runs of the chapter on preferences along the ladder: shorter ones first, since longer ones go on from them."""

from lmstudy.study.chapter_runs import chapter_runs
from lmstudy.study.preference_ladder import BEST, COMPARED, LENGTHS, SEEDS, arm, tried

RUNS = [
    *(run for task in BEST for own in tried(task, COMPARED).values() for run in chapter_runs(*own.values(), seeds=[1])),
    *(
        run
        for task in BEST
        for seed in SEEDS
        for name in COMPARED
        for steps in LENGTHS
        for run in chapter_runs(arm(task, name, steps), seeds=[seed])
    ),
]
