"""The runs of the chapter on the article's pseudo-code."""

from lmstudy.chapters.pseudo_code.claims import BUDGET
from lmstudy.study.chapter_runs import chapter_runs

RUNS = [
    *chapter_runs(*((f"experiment={name}", f"budget={BUDGET}") for name in ("article", "article_predict"))),
    *chapter_runs(("experiment=unshifted", f"budget={BUDGET}"), seeds=[1]),
]
