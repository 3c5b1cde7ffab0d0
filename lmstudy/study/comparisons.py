"""Comparisons of several settings ("arms") over the same seeds: their records, from wherever they are.

An arm is an experiment file of `conf/experiment`. Its record for a seed is taken from the published records, else
from the runs folder, and trained if there is none: so a chapter that compares published runs needs no training, and
the same notebook with another budget, seed or corpus trains what is missing.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from lmstudy.compose import compose_config
from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate, paired_difference, ratio_of_sums_bootstrap, seed_interval
from lmstudy.runs.identity import NUMERICS, kept
from lmstudy.runs.records import Record, load_folder, published_folder
from lmstudy.study.group_counts import group_counts

Arms = dict[str, list[Record]]
"""Records of each arm by its experiment's name, ordered by seed."""


Data = str | Sequence[str] | None
"""A corpus in the place of the one that an experiment names: a choice of the group `data`, or overrides of it, such as
["data=files", "data.path=FOLDER"]."""


def data_overrides(data: Data) -> list[str]:
    if data is None:
        return []
    return [f"data={data}"] if isinstance(data, str) else list(data)


def arm_config(
    arm: str | Sequence[str], seed: int, budget: str, runs: str = "runs", data: Data = None
) -> dict[str, Any]:
    """The configuration of one run of an arm: an experiment's name, or overrides of `lmstudy-train`."""
    overrides = [f"experiment={arm}"] if isinstance(arm, str) else arm
    common = [f"seed={seed}", f"budget={budget}", f"runs={runs}"]
    return compose_config("train", [*common, *overrides, *data_overrides(data)])


def published_record(config: Mapping[str, Any], published: Sequence[Record]) -> Record | None:
    """The published record of a configuration (paths, loggers and the like do not count), if there is one."""
    wanted = kept(config)
    fitting = [r for r in published if r.kind == "train" and r.numerics == NUMERICS and kept(r.config) == wanted]
    return fitting[0] if fitting else None


def gather(
    experiments: Sequence[str],
    seeds: Sequence[int],
    budget: str,
    runs: str = "runs",
    data: Data = None,
    *,
    train: bool = True,
) -> Arms:
    """A record for every experiment and seed: published, finished here, or trained now.

    Raises:
        StudyError: an experiment or budget that does not exist; with `train` False, a record that is missing.
    """
    arms = {experiment: (f"experiment={experiment}",) for experiment in experiments}
    return gather_arms(arms, seeds, budget, runs, data, train=train)


def gather_arms(
    arms: Mapping[str, Sequence[str]],
    seeds: Sequence[int],
    budget: str,
    runs: str = "runs",
    data: Data = None,
    *,
    train: bool = True,
) -> Arms:
    """`gather` for arms that are given by name as overrides of `lmstudy-train`."""
    from lmstudy.runs.pretraining import train as train_run

    published = load_folder(published_folder())
    found: Arms = {}
    for name, overrides in arms.items():
        found[name] = []
        for seed in sorted(seeds):
            config = arm_config(overrides, seed, budget, runs, data)
            record = published_record(config, published)
            if record is None and not train:
                raise StudyError(f"no published record of {' '.join(overrides)} seed={seed} budget={budget}")
            if record is None:
                print(f"{name}, seed {seed}: no published record, taken from {runs} or trained", file=sys.stderr)
                record = train_run(config)
            found[name].append(record)
    return found


def measured(
    arms: Mapping[str, Sequence[Record]], overrides: Sequence[str], runs: str = "runs", *, measure: bool = True
) -> Arms:
    """A measurement (`lmstudy-evaluate` with these overrides) of every record: published, or made now.

    Raises:
        StudyError: a measurement that is not published, of a run whose weights are gone, or with `measure` False.
    """
    from lmstudy.measures.evaluate import evaluate, evaluation_of

    published = {record.id: record for record in load_folder(published_folder()) if record.kind == "evaluation"}
    found: Arms = {}
    for name, records in arms.items():
        found[name] = []
        for record in records:
            config = compose_config("evaluate", [f"run='{record.id}'", f"runs={runs}", *overrides])
            known = published.get(evaluation_of(config, record).id)
            if known is None and not measure:
                raise StudyError(f"no published measurement of {record.name} ({record.id}): {' '.join(overrides)}")
            found[name].append(known or evaluate(config))
    return found


def renamed(arms: Mapping[str, Sequence[Record]], names: Mapping[str, str]) -> Arms:
    """The arms under the names that a chapter shows."""
    return {names[name]: list(records) for name, records in arms.items()}


def bits_per_byte(arms: Mapping[str, Sequence[Record]], split: str = "valid") -> dict[str, Estimate]:
    """Held-out bits per byte of each arm, over its seeds and the documents of a split."""
    return {name: ratio_of_sums_bootstrap(group_counts(records, split)) for name, records in arms.items()}


def differences(
    arms: Mapping[str, Sequence[Record]], reference: str, split: str = "valid", *, same_data: bool = True
) -> dict[str, Estimate]:
    """Bits per byte of every other arm minus those of `reference`, paired by seed and document group.

    Args:
        arms: records by name.
        reference: the arm that the others are compared with.
        split: of held-out documents.
        same_data: False where the arms differ in their corpus or tokenizer and `split` names documents that all
            of them were evaluated on (their bytes must agree all the same).
    """
    first = group_counts(arms[reference], split)
    found = {}
    for name, records in arms.items():
        if name == reference:
            continue
        other = group_counts(records, split)
        if same_data and records[0].data != arms[reference][0].data:
            raise StudyError(f"{name} and {reference} were trained on different data: compare evaluations on one split")
        found[name] = paired_difference(other, first)
    return found


def metric(arms: Mapping[str, Sequence[Record]], key: str) -> dict[str, Estimate]:
    """Mean and interval over seeds of a metric of each arm."""
    return {name: seed_interval([record.metrics[key] for record in records]) for name, records in arms.items()}
