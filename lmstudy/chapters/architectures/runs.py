"""The runs of the chapter on architectures."""

from lmstudy.chapters.architectures.architectures import BEST, COPY_BUDGET, COPYING, TRIED, tried
from lmstudy.study.chapter_runs import chapter_runs

RUNS = [
    *chapter_runs(*(tried(arm, rate) for arm, rate in BEST.items())),
    *chapter_runs(*(tried(arm, rate) for arm in TRIED for rate in TRIED[arm] if rate != BEST[arm]), seeds=[1]),
    *chapter_runs(*((f"experiment={name}", f"budget={COPY_BUDGET}") for name in COPYING.values()), seeds=[1]),
]
