"""The runs of the chapter on the article's pseudo-code."""

from lmstudy.chapters.pseudo_code.claims import ARMS, BUDGET, UNSHIFTED
from lmstudy.study.chapter_runs import chapter_runs

RUNS = [
    *chapter_runs(*((f"experiment={name}", f"budget={BUDGET}") for name in ARMS.values())),
    *chapter_runs(*((f"experiment={name}", f"budget={BUDGET}") for name in UNSHIFTED.values()), seeds=[1]),
]
