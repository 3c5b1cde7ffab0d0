"""The runs of the chapter on architectures."""

from lmstudy.chapters.architectures.architectures import ARMS, BUDGET, COPY_BUDGET, COPYING
from lmstudy.study.chapter_runs import chapter_runs

RUNS = [
    *chapter_runs(*((f"experiment={name}", f"budget={BUDGET}") for name in ARMS.values())),
    *chapter_runs(*((f"experiment={name}", f"budget={COPY_BUDGET}") for name in COPYING.values()), seeds=[1]),
]
