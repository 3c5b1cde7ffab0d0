"""The runs of the chapter on post-training that start from nothing; the others start from these."""

from lmstudy.chapters.post_training.post_training import BASE
from lmstudy.study.chapter_runs import chapter_runs
from lmstudy.study.preferences import OBJECTIVES, VARIANTS

SEEDS = (131, 132, 133, 134, 135)
"""Of the starts in the register's batch 2026-12-02-pair_losses."""
STARTS = ("experiment=privacy", *VARIANTS[BASE])
RUNS = [
    *chapter_runs(STARTS, *(("experiment=privacy", *OBJECTIVES[name]) for name in ("MLE", "conditional"))),
    *chapter_runs(STARTS, seeds=SEEDS),
]
