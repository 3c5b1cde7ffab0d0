"""The runs behind the chapter on speed: one recipe in two precisions."""

from lmstudy.chapters.speed.precision import ARMS
from lmstudy.study.chapter_runs import chapter_runs

RUNS = chapter_runs(*ARMS.values())
