"""The runs of the chapter on architectures."""

from lmstudy.chapters.architectures.architectures import COPYING, NAMES
from lmstudy.study.chapter_runs import chapter_runs

RUNS = [
    *chapter_runs(*((f"experiment={name}", "budget=quick") for name in NAMES)),
    *chapter_runs(*((f"experiment={name}", "budget=brief") for name in COPYING), seeds=[1]),
]
