"""The runs of the chapter on data."""

from lmstudy.chapters.data.data import CHINESE, PYTHON
from lmstudy.study.chapter_runs import chapter_runs

RUNS = [
    *chapter_runs(("experiment=first_model", "budget=brief")),
    *chapter_runs(*((f"experiment={name}", "budget=brief") for name in (*PYTHON, *CHINESE)), seeds=[1]),
]
