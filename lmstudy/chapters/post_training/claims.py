"""Claims of the chapter that compares preferences from the start with post-training."""

from __future__ import annotations

from functools import partial

from lmstudy.chapters.post_training.post_training import (
    against,
    best_of_16,
    conditionally_tuned,
    cost,
    cost_beside_restart,
    cost_of_restart,
    optimised,
)
from lmstudy.study.claims import claim, confirm
from lmstudy.study.estimates import BITS
from lmstudy.study.verdicts import FAILS, UNDECIDED, above, below

fold = partial(claim, chapter="notebooks/16_post_training", unit="times")
per_cent = partial(claim, chapter="notebooks/16_post_training", unit=f"% {BITS}", signed=True)

# fmt: off
fold("Conditional fine-tuning at the end leaves more personal data than control tokens from the start.",
     "post.fine_tuning_vs_conditional", against(conditionally_tuned), above(1))
fold("DPO at the end leaves less personal data than control tokens from the start.",
     "post.dpo_vs_conditional", against(optimised), below(1), outcome=UNDECIDED)
fold("By the held-out grader, the best of 16 samples of MLE has less personal data than a conditional one.",
     "post.best_of_16_vs_conditional", best_of_16, below(1), outcome=UNDECIDED)
per_cent("Conditional fine-tuning at the end needs more bits per byte than control tokens from the start.",
         "post.fine_tuning_cost", cost(conditionally_tuned), above(0))
per_cent("DPO at the end needs more bits per byte than control tokens from the start.",
         "post.dpo_cost", cost(optimised), above(0))
claim("Maximum likelihood that restarts after four fifths of the steps needs more bits per byte than without.",
      "post.restart_cost", cost_of_restart, above(0), chapter="notebooks/16_post_training", unit="% bits per byte",
      signed=True)
per_cent("Conditional fine-tuning needs more bits per byte than maximum likelihood with the same restart.",
         "post.fine_tuning_beside_restart", cost_beside_restart, above(0), outcome=UNDECIDED)
for _holds in ("4dafd9ebceb8", "f6d61c53b7ad", "f93e62a728a4"):  # orpo_items, orpo_bits, ipo_bits
    confirm(_holds)
confirm("3ef0b2cd4f69", outcome=FAILS)  # kto_bits
for _undecided in ("4a35ede29ef5", "2083ef4f712c"):  # kto_items, ipo_items
    confirm(_undecided, outcome=UNDECIDED)
