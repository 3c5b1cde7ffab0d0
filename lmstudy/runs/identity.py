"""What makes a run the same run: its id, from what decides its results, and the name that people read."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from lmstudy.places import as_first

NUMERICS = 1
"""Raised only by a change that alters results; `tests/runs/test_numerics.py` notices when that is due."""

EVALUATED = ("valid", "valid_files")
"""Held-out splits every run is measured on; "test" is kept for final comparisons."""

FREE = {
    "": ("runs", "logger", "measure", "trunk"),  # what is shared with other lengths is equal up to rounding
    "data": ("path", "encoding", "links"),  # the fingerprint of the data stands for what is in there
    # and that of the pairs for where and how they were read
    "comparisons": ("_target_", "path", "revision", "subset", "split_name", "prompt", "chosen", "rejected"),
    "embedding": ("path",),  # and that of its file for the vectors
    "scorer": ("runs",),  # a reward model is known by its name or id
    "trainer": ("checkpoint_every", "log_every", "threads", "compile", "attention"),  # equal up to rounding
}
"""Keys that do not change what is learned."""

RAISED: dict[str, int] = {}
"""Versions above 1 of objectives and scorers by where they were first published, as in
"lmstudy.preferences.objectives.mle.MLE" (see `lmstudy.places`): what they do was changed, so their runs are other runs
than before (`tests/preferences/test_versions.py` tells when)."""

PAIR_LOSS = {"_target_": "lmstudy.preferences.losses.dpo.DPO"}
"""The loss of runs of `lmstudy-dpo` that name none: there was no other when the first were published."""

OPTIONAL = ("embedding", "scorer", "start", "dpo", "loss", "comparisons", "label_weights", "keep", "versions")
"""Groups and keys that a run may do without; they are newer than the first published ids."""


def with_versions(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration as records keep it: places of classes as first published, and which parts are of a raised
    version, if any is."""
    own = {key: as_first(value) for key, value in config.items() if key != "versions"}
    found = {place: RAISED[target] for place, target in _targets(own) if target in RAISED}
    return {**own, "versions": found} if found else own


def _targets(node: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, str]]:
    """Where classes are named in a configuration, and which."""
    for key, value in node.items():
        if isinstance(value, Mapping):
            yield from _targets(value, f"{place}.{key}".lstrip("."))
        elif key == "_target_":
            yield place, str(value)


def kept(config: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a resolved configuration that decides what is learned; a group that is null might not be there."""
    return {
        key: {k: v for k, v in value.items() if k not in FREE.get(key, ())} if isinstance(value, Mapping) else value
        for key, value in as_first(config).items()
        if key not in FREE[""] and not (key in OPTIONAL and value is None)
    }


def digest(*content: Any) -> str:
    """16 hex digits that stand for content of what JSON can hold, whatever the order of its keys."""
    written = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(written.encode()).hexdigest()[:16]


def run_id(config: Mapping[str, Any], data: str) -> str:
    """The id of a pretraining or a reward model: of what decides its results, and the numerics version.

    Args:
        config: resolved, with whole ids in the place of names of runs.
        data: the fingerprint of the corpus.
    """
    return digest(kept(config), data, NUMERICS)


def tuning_id(config: Mapping[str, Any], data: str, examples: str) -> str:
    """The id of a fine-tuning. A pretrained model brings its sizes: those of one from scratch are no part of it.

    Args:
        config: resolved; its `run` is a whole id, or None.
        data: the fingerprint of the corpus whose tokens are read.
        examples: the fingerprint of the task's examples.
    """
    sizes = () if config["run"] is None else ("model", "budget")
    return run_id({key: value for key, value in config.items() if key not in sizes}, f"{data}-{examples}")


def finding_id(*content: Any) -> str:
    """The id of what is found without training: of what it is found of and how, the data, and the numerics version."""
    return digest(*map(as_first, content), NUMERICS)


def run_name(config: Mapping[str, Any]) -> str:
    """Readable: the modules of scorer, objective and model, budget and seed, such as `mle-transformer-quick-s1`.

    A run that starts from another one is "tuned", or has its loss of pairs, such as "dpo", in the place of the
    objective; one that learned from people's own pairs has "pairs" in the place of the scorer.
    """
    groups = [group for group in ("scorer", "objective", "model") if config.get(group)]
    modules = {group: str(config[group].get("_target_")).split(".")[-2:][0] for group in groups}
    tuned = []
    if config.get("dpo"):
        modules["objective"] = str(config["loss"]["_target_"]).split(".")[-2] if config.get("loss") else "dpo"
        if config.get("comparisons"):
            modules = {"scorer": "pairs"} | modules | {"scorer": "pairs"}  # first, whether there is a scorer or not
    elif config.get("start"):
        tuned = ["tuned"]
    return "-".join([*modules.values(), config["budget"]["name"], *tuned, f"s{config['seed']}"])
