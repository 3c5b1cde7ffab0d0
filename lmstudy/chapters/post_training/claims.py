"""Claims of the chapter that compares preferences from the start with post-training."""

from __future__ import annotations

from functools import partial

from lmstudy.chapters.post_training.post_training import against, best_of_16, cost
from lmstudy.study.claims import claim

CHAPTER = "notebooks/16_post_training"
fold = partial(claim, chapter=CHAPTER, unit="times", spec=".2f")
per_cent = partial(claim, chapter=CHAPTER, unit="% bits per byte", spec="+.1f")

fold(
    id="post.fine_tuning_vs_conditional",
    sentence="Conditional fine-tuning at the end leaves more personal data than control tokens from the start.",
    holds=lambda e: e.low > 1,
)(against("conditional"))

fold(
    id="post.dpo_vs_conditional",
    sentence="DPO at the end leaves less personal data than control tokens from the start.",
    holds=lambda e: e.high < 1,
    expected=False,
)(against("dpo"))

fold(
    id="post.best_of_16_vs_conditional",
    sentence="By the held-out grader, the best of 16 samples of MLE has less personal data than a conditional one.",
    holds=lambda e: e.high < 1,
    expected=False,
)(best_of_16)

per_cent(
    id="post.fine_tuning_cost",
    sentence="Conditional fine-tuning at the end needs more bits per byte than control tokens from the start.",
    holds=lambda e: e.low > 0,
)(cost("conditional"))

per_cent(
    id="post.dpo_cost",
    sentence="DPO at the end needs more bits per byte than control tokens from the start.",
    holds=lambda e: e.low > 0,
)(cost("dpo"))
