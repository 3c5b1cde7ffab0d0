"""The runs of the chapter on embeddings."""

from lmstudy.chapters.embeddings.claims import (
    BEST,
    BUDGET,
    CONFIRMED,
    FIRST_SEEDS,
    FROZEN,
    NEW_SEEDS,
    SEARCHED,
    TRAINED,
    rates_of,
    searched,
)
from lmstudy.study.chapter_runs import chapter_runs

RUNS = (
    *chapter_runs(*((f"experiment={name}", f"budget={BUDGET}") for name in (*TRAINED.values(), *FROZEN.values()))),
    *chapter_runs(*(searched(arm, rate) for arm in SEARCHED for rate in rates_of(arm)[1:]), seeds=(1,)),
    *chapter_runs(*(searched(arm, BEST[arm]) for arm in ("random, trained", "Word2Vec, trained")), seeds=FIRST_SEEDS),
    *chapter_runs(*(searched(arm, BEST[arm]) for arm in CONFIRMED), seeds=NEW_SEEDS),
)
