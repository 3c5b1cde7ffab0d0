"""The runs of the chapter on data."""

from lmstudy.chapters.data.data import CHINESE, PYTHON, REFERENCE, arms
from lmstudy.study.chapter_runs import chapter_runs

RUNS = [
    *chapter_runs(arms(PYTHON)[REFERENCE]),
    *chapter_runs(*arms(PYTHON).values(), *arms(CHINESE).values(), seeds=[1]),
]
