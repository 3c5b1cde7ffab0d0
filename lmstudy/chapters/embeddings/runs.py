"""The runs of the chapter on embeddings."""

from lmstudy.chapters.embeddings.claims import BEST, BUDGET, FROZEN, RATES, SEARCHED, TRAINED, searched
from lmstudy.study.chapter_runs import chapter_runs

RUNS = (
    *chapter_runs(*((f"experiment={name}", f"budget={BUDGET}") for name in (*TRAINED.values(), *FROZEN.values()))),
    *chapter_runs(*(searched(arm, rate) for arm in SEARCHED for rate in RATES[1:]), seeds=(1,)),
    *chapter_runs(*(searched(arm, rate) for arm, rate in BEST.items()), seeds=(11, 12, 13)),
)
