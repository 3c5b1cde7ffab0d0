"""What makes a run the same run."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

NUMERICS = 1
"""Raised only by a change that alters results; `tests/runs/test_numerics.py` notices when that is due."""

EVALUATED = ("valid", "valid_files")
"""Held-out splits every run is measured on; "test" is kept for final comparisons."""

FREE = {
    "": ("runs", "logger", "measure"),
    "data": ("path",),  # the fingerprint of the data stands for what is in there
    "embedding": ("path",),  # and that of its file for the vectors
    "scorer": ("runs",),  # a reward model is known by its name or id
    "trainer": ("checkpoint_every", "log_every", "threads", "compile", "attention"),  # equal up to rounding
}
"""Keys that do not change what is learned."""

OPTIONAL = ("embedding", "scorer", "start", "dpo", "label_weights", "keep")
"""Groups and keys that a run may do without; they are newer than the first published ids."""


def kept(config: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a resolved configuration that decides what is learned; a group that is null might not be there."""
    return {
        key: {k: v for k, v in value.items() if k not in FREE.get(key, ())} if isinstance(value, Mapping) else value
        for key, value in config.items()
        if key not in FREE[""] and not (key in OPTIONAL and value is None)
    }


def run_id(config: Mapping[str, Any], data: str) -> str:
    """16 hex digits over the resolved config (without paths and loggers), the data and the numerics version."""
    content = json.dumps([kept(config), data, NUMERICS], sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def run_name(config: Mapping[str, Any]) -> str:
    """Readable: the modules of scorer, objective and model, budget and seed, such as `mle-transformer-quick-s1`.

    A run that starts from another one is "tuned", or "dpo" in the place of the objective.
    """
    groups = [group for group in ("scorer", "objective", "model") if config.get(group)]
    modules = {group: str(config[group].get("_target_")).split(".")[-2:][0] for group in groups}
    tuned = []
    if config.get("dpo"):
        modules["objective"] = "dpo"
    elif config.get("start"):
        tuned = ["tuned"]
    return "-".join([*modules.values(), config["budget"]["name"], *tuned, f"s{config['seed']}"])
