"""The runs of the chapter on results: objectives of every task, and other settings of them."""

from lmstudy.chapters.results.results import SETTINGS_SEED
from lmstudy.study.chapter_runs import chapter_runs
from lmstudy.study.preferences import MORE_SEEDS, MOST_SEEDS, OBJECTIVES, SEEDS, SETTINGS, TASKS, VARIANTS

RUNS = [
    run
    for task in TASKS
    for name, overrides in OBJECTIVES.items()
    for run in chapter_runs((f"experiment={task}", *overrides), seeds=MORE_SEEDS if name in MOST_SEEDS else SEEDS)
]
RUNS += [
    run
    for name, settings in SETTINGS.items()
    for setting in settings
    for run in chapter_runs(("experiment=privacy", *VARIANTS[f"{name}, {setting}"]), seeds=[SETTINGS_SEED])
]
