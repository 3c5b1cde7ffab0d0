"""The runs of the chapter on objectives: each learned from text with planted secrets (register: 2026-12-01-planted)."""

from lmstudy.chapters.objectives.planted import ARMS, arm
from lmstudy.study.chapter_runs import chapter_runs

RUNS = [run for name, seeds in ARMS.items() for run in chapter_runs(arm(name), seeds=seeds)]
