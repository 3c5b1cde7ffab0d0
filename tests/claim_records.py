"""Records made up so that the claims hold, or do not."""

import hashlib
import json
from functools import cache

import numpy as np

from lmstudy.benchmark.result import Line
from lmstudy.chapters.first_model import claims as first_model
from lmstudy.chapters.speed import precision
from lmstudy.compose import compose_config
from lmstudy.runs import text_baseline
from lmstudy.runs.records import Record
from lmstudy.study.claims import all_claims


def record(number, kind, config, bits_per_byte, seed=None, **changes):
    sizes = np.random.default_rng(5).integers(500, 900, size=20)
    noise = np.random.default_rng(number).normal(0, 0.02, size=20)
    rates = bits_per_byte + np.linspace(-0.5, 0.5, 20) + noise
    valid = [[float(r * s), int(s)] for r, s in zip(rates, sizes, strict=True)]
    familiar = 0.85 if kind == "baseline" else 0.9  # counting remembers best what it has seen
    content = {
        "id": f"{number:016x}",
        "kind": kind,
        "name": f"{kind}-{number}",
        "config": config,
        "seed": seed,
        "data": "corpus",
        "numerics": 1,
        "commit": None,
        "versions": {},
        "hardware": {},
        "started": "2026-01-31T12:00:00Z",
        "finished": "2026-01-31T12:01:00Z",
        "wall_seconds": 1.0,
        "metrics": {"train/tokens": 1_000_000.0 + number},
        "groups": {
            "valid": valid,
            "valid_files": [[bits * familiar, size] for bits, size in [*valid, *valid[9:11]]],
        },
    }
    return Record(**(content | changes))


@cache
def composed(command, *overrides):
    """The resolved configuration of a command line, for records made up as it would make them."""
    return compose_config(command, list(overrides))


def trained(number, *overrides, seed, bits_per_byte=2.0, config=None, **changes):
    """A record as `lmstudy-train` with these overrides would make it; `config` holds what differs."""
    whole = {**composed("train", *overrides), "seed": seed, **(config or {})}
    return record(number, "train", whole, bits_per_byte, seed=seed, **changes)


def model(number, bits_per_byte=2.0, **changes):
    return trained(number, *first_model.ARM, seed=number, bits_per_byte=bits_per_byte, **changes)


def baseline(number, tokens, bits_per_byte=2.3, **changes):
    data = composed("train", *first_model.ARM)["data"]
    config = text_baseline.content({**composed("baseline", f"tokens={tokens}"), "data": data})
    return record(number, "baseline", config, bits_per_byte, **changes)


def claims_of_the_study():
    """The claims of the two chapters that the records of `study` are made for."""
    return [c for c in all_claims() if c.id.startswith(("first.", "speed."))]


def study(baseline_bits=2.3):
    models = [model(1, 2.0), model(2, 2.02), model(3, 1.98)]
    precisions = [
        trained(20 + 10 * (seed + 3 * arm), *overrides, seed=seed, groups=model(seed).groups)
        for arm, overrides in enumerate(precision.ARMS.values())
        for seed in (1, 2, 3)
    ]
    plain = [trained(90 + s, *first_model.PLAIN, seed=s, bits_per_byte=b) for s, b in ((1, 1.8), (2, 2.0), (3, 2.2))]
    return [
        *models,
        *plain,
        baseline(8, "all", baseline_bits),
        baseline(9, 1_000_001, 2.6),
        *precisions,
        *benchmarks(),
    ]


TRAIN = [
    Line("tokens_per_second", "tokens/s", "hf_t5", "lmstudy", 1.5, None, 1.4, 1.6, 12, "higher"),
    Line("tokens_per_second", "tokens/s", "hf_t5", "lmstudy_eager", 1.2, None, 1.1, 1.3, 12, "higher"),
    Line("peak_memory", "MiB", "hf_t5", "lmstudy", 0.6),
    Line("tokens_per_second", "tokens/s", "hf_t5_compiled", "lmstudy", 1.1, None, 1.05, 1.2, 12, "higher"),
    Line("tokens_per_second", "tokens/s", "hf_t5_compiled_bf16", "lmstudy_bf16", 1.3, None, 1.2, 1.4, 12, "higher"),
    Line("tokens_per_second", "tokens/s", None, "lmstudy", None, 14000.0, 13000.0, 15000.0, 12),
    Line("utilisation", "of a matrix product", None, "lmstudy", None, 0.7, 0.68, 0.72, 12),
    Line("peak_memory", "MiB", None, "lmstudy", None, 800.0),
    Line("peak_memory_above_start", "MiB", None, "lmstudy", None, 400.0),
]


def benchmark(workload: str, lines: list[Line], started: str = "2026-01-02T03:04:05Z", **fields) -> Record:
    content = {
        "id": hashlib.sha256(f"{workload} {started}".encode()).hexdigest()[:16],
        "kind": "benchmark",
        "name": f"{workload}-20260102-030405",
        "config": {"threads": 2},
        "seed": None,
        "data": "none",
        "numerics": 1,
        "commit": None,
        "versions": {},
        "hardware": {"cores": 2},
        "started": started,
        "finished": "2026-01-02T04:04:05Z",
        "wall_seconds": 1800.0,
        "samples": [{"lines": [json.loads(line.to_json(workload)) for line in lines]}],
    }
    return Record(**(content | fields))


def benchmarks():
    """A record of every benchmark that a claim reads."""

    def ratio(measure, value):
        return [Line(measure, "", "hf_t5", "lmstudy", value, None, 0.9 * value, 1.1 * value, 5)]

    return [
        benchmark("train", TRAIN),
        benchmark("quality", ratio("time_to_quality", 5.0)),
        benchmark("generate", ratio("tokens_per_second_64_sequences", 4.0)),
        benchmark("score", ratio("documents_per_second", 2.0)),
        benchmark("growth", [Line("memory_growth", "x", value=1.05)]),
        benchmark("overhead", [Line("overhead", "%", value=1.0, low=0.5, high=1.5, rounds=5)]),
    ]


def write(records, folder):
    for r in records:
        r.write(folder / f"{r.name}.json")
    return folder
