"""The runs of the chapters on applications: fine-tunings, and the pretraining that each starts from."""

from lmstudy.chapters.applications.scores import COMPARED, CURVES, STUDIED
from lmstudy.study.applications import SEEDS, SETTINGS, STARTS, UNTRAINED, steps_of, untrained
from lmstudy.study.chapter_runs import ChapterRun


def _runs() -> list[ChapterRun]:
    found = []
    for task, starts in STARTS.items():
        for start in ("scratch", "MLE", *STUDIED[task]):
            for seed in SEEDS:
                base = None if start in UNTRAINED else ChapterRun("train", starts[start], seed)
                found += [base] if base else []
                for size in CURVES[task] if start in ("scratch", "MLE") else COMPARED:
                    how = (*SETTINGS[task], *steps_of(size), *untrained(task, start))
                    found.append(ChapterRun("finetune", (f"task={task}", f"examples={size}", *how), seed, base))
    return found


RUNS = _runs()
