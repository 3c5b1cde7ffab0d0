"""Claims of the speed chapter. All but one read the newest published benchmark of a workload; n counts rounds."""

from __future__ import annotations

from functools import partial

from lmstudy.chapters.speed.precision import trained
from lmstudy.evaluation.statistics import Estimate
from lmstudy.study.claims import Compute, claim, confirm
from lmstudy.study.estimates import benchmark_line, line_estimate, more_bits
from lmstudy.study.shelf import Shelf
from lmstudy.study.verdicts import UNDECIDED, above, below, within

of_speed = partial(claim, chapter="notebooks/03_speed")


def _measured(workload: str, measure: str, peer: str | None = None, contender: str | None = None) -> Compute:
    """Reads a line of a benchmark (see `lmstudy.study.estimates.benchmark_line`)."""
    return lambda shelf: line_estimate(benchmark_line(shelf.newest_benchmark(workload), measure, peer, contender))


def _precision(shelf: Shelf) -> Estimate:
    """Bits per byte that runs in bfloat16 need more than runs of the same seeds in float32."""
    arms = trained(shelf)
    return more_bits(arms["bfloat16"], arms["float32"])


# fmt: off
of_speed("Compiled training here computes more tokens a second than uncompiled Hugging Face T5 of equal size.",
         "speed.train.hf_eager", _measured("train", "tokens_per_second", "hf_t5", "lmstudy"), above(1),
         unit="times as fast")
of_speed("Compiled training here computes at least 0.9 times as many tokens a second as compiled Hugging Face T5.",
         "speed.train.hf_compiled", _measured("train", "tokens_per_second", "hf_t5_compiled", "lmstudy"), above(0.9),
         unit="times as fast")
of_speed("In the faster precision of each, compiled training here computes more tokens a second than Hugging Face T5.",
         "speed.train.hf_best",
         _measured("train", "tokens_per_second", "hf_t5_compiled_bf16", "lmstudy_bf16"), above(1), unit="times as fast")
of_speed("Products in bfloat16 instead of float32 change bits per byte on held-out packages by less than 0.01.",
         "speed.precision", _precision, within(-0.01, 0.01), unit="bits per byte")
of_speed("Training keeps the processor at more than 60 % of what it reaches in one large matrix product.",
         "speed.utilisation", _measured("train", "utilisation", contender="lmstudy"), above(0.6),
         unit="of the matrix peak")
of_speed("Training here takes less memory than uncompiled Hugging Face T5 of equal size.",
         "speed.peak_memory", _measured("train", "peak_memory", "hf_t5", "lmstudy"), below(1), outcome=UNDECIDED,
         unit="times the peak memory")
of_speed("A run here needs less than a third of the time to be as good as a tuned Hugging Face T5.",
         "speed.time_to_quality", _measured("quality", "time_to_quality", "hf_t5"), above(3),
         unit="times sooner")
of_speed("Sampling 64 sequences at once is at least twice as fast here as with Hugging Face T5's generate.",
         "speed.generate", _measured("generate", "tokens_per_second_64_sequences", "hf_t5"), above(2),
         unit="times as fast")
of_speed("Scoring held-out documents in packed rows is faster than scoring them padded with Hugging Face T5.",
         "speed.score", _measured("score", "documents_per_second", "hf_t5"), above(1), unit="times as fast")
of_speed("Training on 1 GB of text takes at most 1.1 times the memory of training on 10 MB.",
         "speed.memory_growth", _measured("growth", "memory_growth"), below(1.1), outcome=UNDECIDED,
         unit="times the memory")
of_speed("Lightning, logging and callbacks cost less than 5 % of a training step.",
         "speed.lightning_overhead", _measured("overhead", "overhead"), below(5), unit="% of a bare step")
confirm("2a02a8a586d2")  # recipe.smear
confirm("edffc1bb3d73")  # recipe.apart
