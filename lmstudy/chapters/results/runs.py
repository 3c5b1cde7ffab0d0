"""The runs of the chapter on results: objectives of every task, and other settings of them."""

from lmstudy.chapters.results.frontier import LIMITS
from lmstudy.chapters.results.results import CONDITIONAL, REFERENCE, TEACHER
from lmstudy.chapters.results.rewriting import SEEDS as REWRITING_SEEDS
from lmstudy.study.chapter_runs import chapter_runs
from lmstudy.study.preferences import OBJECTIVES, REWRITING, SEEDS, SETTINGS, TASKS, VARIANTS, overrides_of, study_seeds

RUNS = [
    run
    for task in TASKS
    for name, overrides in OBJECTIVES.items()
    for run in chapter_runs((f"experiment={task}", *overrides), seeds=study_seeds(name))
]
RUNS += [
    run
    for name, settings in SETTINGS.items()
    for setting in settings
    for run in chapter_runs(
        ("experiment=privacy", *VARIANTS[f"{name}, {setting}"]), seeds=SEEDS if name in LIMITS else (1,)
    )
]
RUNS += chapter_runs(
    *(
        ("experiment=sentiment", "budget=medium", f"objective={objective}", "scorer=sentiment_reward")
        for objective in ("mle", "conditional", "filtering")
    ),
    seeds=(11, 12, 13),
)
"""These are the arms of the register's batch 2026-11-30-sentiment_graders."""
RUNS += [
    run
    for name in (REFERENCE, CONDITIONAL, *REWRITING)
    for run in chapter_runs(("experiment=privacy", *overrides_of(name)), seeds=REWRITING_SEEDS["privacy"])
]
"""These of 2026-12-01-rewriting."""
RUNS += [
    run
    for overrides in REWRITING.values()
    for run in chapter_runs(("experiment=pep8", *overrides), seeds=REWRITING_SEEDS["pep8"])
]
RUNS += chapter_runs(("experiment=privacy", *TEACHER), seeds=(1, 21))
"""The teachers."""
RUNS += [
    run
    for task in ("pep8", "sentiment")
    for name in (REFERENCE, CONDITIONAL)
    for run in chapter_runs((f"experiment={task}", *overrides_of(name)), seeds=(51, 52, 53))
]
"""And these of 2026-12-01-cost_in_full."""
