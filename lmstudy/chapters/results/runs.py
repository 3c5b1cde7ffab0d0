"""The runs of the chapter on results: objectives of every task, and other settings of them."""

from lmstudy.chapters.results.results import SETTINGS_SEED
from lmstudy.study.chapter_runs import chapter_runs
from lmstudy.study.preferences import OBJECTIVES, SETTINGS, TASKS, VARIANTS, study_seeds

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
    for run in chapter_runs(("experiment=privacy", *VARIANTS[f"{name}, {setting}"]), seeds=[SETTINGS_SEED])
]
