"""The runs of the chapters on applications: fine-tunings, and the pretraining that each starts from."""

from lmstudy.study import applications as study
from lmstudy.study.chapter_runs import ChapterRun


def _runs() -> list[ChapterRun]:
    found = []
    for task, starts in study.STARTS.items():
        for start in (study.SCRATCH, study.MLE, *study.STUDIED[task]):
            for seed in study.SEEDS:
                base = ChapterRun("train", starts[start], seed) if start in starts else None
                found += [base] if base else []
                for size in study.CURVES[task] if start in (study.SCRATCH, study.MLE) else study.COMPARED:
                    how = study.fine_tuning_overrides(task, study.Arm(start, size))
                    found.append(ChapterRun("finetune", (f"task={task}", f"examples={size}", *how), seed, base))
    return found


def _others() -> list[ChapterRun]:
    """Longer and harder pretrainings before Chinese labels."""
    how = study.fine_tuning_overrides("sentiment_zh", study.Arm(study.MLE, study.AT))
    task = ("task=sentiment_zh", f"examples={study.AT}", *how)
    plain = study.STARTS["sentiment_zh"][study.MLE]
    bases = [ChapterRun("train", (*plain, *own), 1) for own in study.OTHER_PRETRAININGS.values()]
    return [run for base in bases for run in (base, ChapterRun("finetune", task, 1, base))]


RUNS = _runs() + _others()
