"""What makes a run the same run."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

NUMERICS = 1
"""Raised only by a change that alters results; `tests/study/test_numerics.py` notices when that is due."""

EVALUATED = ("valid", "valid_files")
"""Held-out splits every run is measured on; "test" is kept for final comparisons."""

FREE = {
    "": ("runs", "logger"),
    "data": ("path",),  # the fingerprint of the data stands for what is in there
    "trainer": ("checkpoint_every", "log_every", "threads", "compile", "attention"),  # equal up to rounding
}
"""Keys that do not change what is learned."""


def kept(config: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a resolved configuration that decides what is learned."""
    return {
        key: {k: v for k, v in value.items() if k not in FREE.get(key, ())} if isinstance(value, Mapping) else value
        for key, value in config.items()
        if key not in FREE[""]
    }


def run_id(config: Mapping[str, Any], data: str) -> str:
    """16 hex digits over the resolved config (without paths and loggers), the data and the numerics version."""
    content = json.dumps([kept(config), data, NUMERICS], sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def run_name(config: Mapping[str, Any]) -> str:
    """Readable: the modules of objective and model, budget and seed, such as `mle-transformer-quick-s1`."""
    targets = [str(config[group].get("_target_")).split(".") for group in ("objective", "model")]
    return "-".join([*(target[-2:][0] for target in targets), config["budget"]["name"], f"s{config['seed']}"])
