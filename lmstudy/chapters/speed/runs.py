"""The runs behind the chapter on speed: one recipe in two precisions, and what was predicted of recipes."""

from lmstudy.chapters.speed.precision import ARMS
from lmstudy.study.chapter_runs import chapter_runs

RECIPE = ("experiment=encoder_decoder", "budget=brief", "trainer.precision=32-true")
RECIPES = {
    "plain": (*RECIPE, "model=transformer"),
    "smear": (*RECIPE, "model=transformer_smear"),
    "smear, matrices together": (*RECIPE, "model=transformer_smear", "optimizer.apart=false"),
}
"""Arms of the register's batch 2026-11-30-smear."""
RUNS = [*chapter_runs(*ARMS.values()), *chapter_runs(*RECIPES.values(), seeds=(11, 12, 13, 14, 15))]
