"""The runs of the chapter on the first model."""

from lmstudy.chapters.first_model.claims import ARM, PLAIN
from lmstudy.study.chapter_runs import chapter_runs

RUNS = chapter_runs(ARM, PLAIN)
