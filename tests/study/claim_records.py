"""Records made up so that the claims of the first model hold, or do not."""

import numpy as np

from lmstudy.study.records import Record


def record(number, kind, config, bits_per_byte, seed=None, **changes):
    sizes = np.random.default_rng(5).integers(500, 900, size=20)
    noise = np.random.default_rng(number).normal(0, 0.02, size=20)
    rates = bits_per_byte + np.linspace(-0.5, 0.5, 20) + noise
    valid = [[float(r * s), int(s)] for r, s in zip(rates, sizes, strict=True)]
    familiar = 0.7 if kind == "baseline" else 0.9  # counting remembers best what it has seen
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


def model(number, bits_per_byte=2.0, **changes):
    config = {"experiment": "first_model", "budget": {"name": "quick"}}
    return record(number, "train", config, bits_per_byte, seed=number, **changes)


def baseline(number, tokens, bits_per_byte=2.3, **changes):
    config = {"baseline": {"name": "kneser_ney", "order": 5, "tokens": tokens}}
    return record(number, "baseline", config, bits_per_byte, **changes)


def study(baseline_bits=2.3):
    models = [model(1, 2.0), model(2, 2.02), model(3, 1.98)]
    return [*models, baseline(8, "all", baseline_bits), baseline(9, 1_000_000, 2.6)]


def write(records, folder):
    for r in records:
        r.write(folder / f"{r.name}.json")
    return folder
