"""The runs of the chapter on scale: shorter ones first, since longer ones go on from them."""

from lmstudy.chapters.scale.flagship import HALF, WHOLE
from lmstudy.chapters.scale.ladder import LENGTHS, RUNGS, TUNED, arm, rates_of, seeds_of
from lmstudy.study.chapter_runs import chapter_runs

RUNS = [
    *(
        run
        for rung in RUNGS
        for steps in LENGTHS
        for run in chapter_runs(arm(rung, steps), seeds=seeds_of(rung, steps))
    ),
    *(run for rung in RUNGS for rate in rates_of(rung) for run in chapter_runs(arm(rung, TUNED, rate), seeds=[1])),
    *(run for length in (HALF, WHOLE) for run in chapter_runs(length, seeds=[1])),
]
