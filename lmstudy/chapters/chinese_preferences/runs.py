"""The runs of the chapter on preferences in Chinese and across languages."""

from lmstudy.chapters.chinese_preferences.chinese_preferences import BUDGET, CONDITIONAL, LABELS, MLE, STEPS, overrides
from lmstudy.study.chapter_runs import chapter_runs
from lmstudy.study.preferences import OBJECTIVES

RUNS = chapter_runs(
    *((f"experiment={LABELS}", *OBJECTIVES[name], f"budget={BUDGET}") for name in (MLE, CONDITIONAL)),
    (*overrides(STEPS), f"budget={BUDGET}"),
)
