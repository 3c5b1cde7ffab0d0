"""The runs of the chapter on the first model."""

from lmstudy.study.chapter_runs import chapter_runs

RUNS = chapter_runs(("experiment=first_model",))
