"""Claims of the speed chapter. Each reads the newest published benchmark of its workload; n counts rounds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from lmstudy.chapters.speed.speed import benchmark, estimate, line
from lmstudy.study.claims import Compute, claim

if TYPE_CHECKING:
    from lmstudy.evaluation.statistics import Estimate
    from lmstudy.runs.records import Record

of_speed = partial(claim, chapter="notebooks/03_speed")


def _measured(workload: str, measure: str, peer: str | None = None, contender: str | None = None) -> Compute:
    """Reads a line of a benchmark (see `lmstudy.chapters.speed.speed.line`)."""

    def compute(records: Sequence[Record]) -> Estimate:
        return estimate(line(benchmark(records, workload), measure, peer, contender))

    return compute


of_speed(
    id="speed.train.hf_eager",
    unit="times as fast",
    sentence="Compiled training here computes more tokens a second than Hugging Face T5 of equal size as it comes.",
    holds=lambda e: e.low > 1,
    spec=".2f",
)(_measured("train", "tokens_per_second", "hf_t5", "lmstudy"))


of_speed(
    id="speed.train.hf_compiled",
    unit="times as fast",
    sentence="Compiled training here computes at least 0.9 times as many tokens a second as compiled Hugging Face T5.",
    holds=lambda e: e.low > 0.9,
    spec=".2f",
)(_measured("train", "tokens_per_second", "hf_t5_compiled", "lmstudy"))


of_speed(
    id="speed.utilisation",
    unit="of the matrix peak",
    sentence="Training keeps the processor at more than 60 % of what it reaches in one large matrix product.",
    holds=lambda e: e.value > 0.6,
    spec=".2f",
)(_measured("train", "utilisation", contender="lmstudy"))


of_speed(
    id="speed.peak_memory",
    unit="times the peak memory",
    sentence="Training here takes less memory than Hugging Face T5 of equal size as it comes.",
    holds=lambda e: e.value < 1,
    spec=".2f",
)(_measured("train", "peak_memory", "hf_t5", "lmstudy"))


of_speed(
    id="speed.time_to_quality",
    unit="times sooner",
    sentence="A run here needs less than a third of the time to be as good as a tuned Hugging Face T5.",
    holds=lambda e: e.value > 3,
    spec=".1f",
)(_measured("quality", "time_to_quality", "hf_t5"))


of_speed(
    id="speed.generate",
    unit="times as fast",
    sentence="Sampling 64 sequences at once is at least twice as fast here as with Hugging Face T5's generate.",
    holds=lambda e: e.low > 2,
    spec=".2f",
)(_measured("generate", "tokens_per_second_64_sequences", "hf_t5"))


of_speed(
    id="speed.score",
    unit="times as fast",
    sentence="Scoring held-out documents in packed rows is faster than scoring them padded with Hugging Face T5.",
    holds=lambda e: e.low > 1,
    spec=".2f",
)(_measured("score", "documents_per_second", "hf_t5"))


of_speed(
    id="speed.memory_growth",
    unit="times the memory",
    sentence="Training on 1 GB of text takes at most 1.1 times the memory of training on 10 MB.",
    holds=lambda e: e.value <= 1.1,
    spec=".2f",
)(_measured("growth", "memory_growth"))


of_speed(
    id="speed.lightning_overhead",
    unit="% of a bare step",
    sentence="Lightning, logging and callbacks cost less than 5 % of a training step.",
    holds=lambda e: e.high < 5,
    spec=".1f",
)(_measured("overhead", "overhead"))
