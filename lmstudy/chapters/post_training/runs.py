"""The runs of the chapter on post-training that start from nothing; the others start from these."""

from lmstudy.chapters.post_training.post_training import BASE
from lmstudy.study.chapter_runs import chapter_runs
from lmstudy.study.preferences import OBJECTIVES, VARIANTS

RUNS = chapter_runs(
    ("experiment=privacy", *VARIANTS[BASE]),
    *(("experiment=privacy", *OBJECTIVES[name]) for name in ("MLE", "conditional")),
)
