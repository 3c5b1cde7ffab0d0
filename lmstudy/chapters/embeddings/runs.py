"""The runs of the chapter on embeddings."""

from lmstudy.chapters.embeddings.embeddings import FROZEN, TRAINED
from lmstudy.study.chapter_runs import chapter_runs

RUNS = chapter_runs(*((f"experiment={name}", "budget=brief") for name in (*TRAINED, *FROZEN)))
