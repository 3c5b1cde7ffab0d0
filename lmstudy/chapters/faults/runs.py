"""The runs of the chapter on faults: what earlier code did, and preferences that come later."""

from lmstudy.chapters.faults.faults import FAULTS
from lmstudy.study.chapter_runs import chapter_runs
from lmstudy.study.preferences import VARIANTS

RUNS = chapter_runs(
    *(
        ("experiment=privacy", *overrides)
        for name, overrides in VARIANTS.items()
        if name in FAULTS or name.startswith("conditional, onset")
    )
)
