"""Records made up as the study of preferences makes them: runs of objectives, and measurements of their samples."""

import hashlib
import json
from dataclasses import replace

import numpy as np

from lmstudy.measures.evaluate import asked
from lmstudy.study.preferences import BUDGETS, OBJECTIVES, REWRITING, VARIANTS
from tests.claim_records import composed, record
from tests.claim_records import trained as made

PARTS, CHARACTERS = 32, 5000
SCORERS = ("training", "held_out")


def number(*words) -> int:
    return int(hashlib.sha256(" ".join(map(str, words)).encode()).hexdigest()[:12], 16)


def trained(task, name, seed, bits=2.0, budget=None, asked=(), config=None, **changes):
    """A run of an arm; `bits` per byte of held-out documents, `asked` further overrides of `lmstudy-train`."""
    overrides = (
        f"experiment={task}",
        f"budget={budget or BUDGETS[task]}",
        *(OBJECTIVES | REWRITING | VARIANTS)[name],
        *asked,
    )
    curve = {"step": [100, 200], "value": [0.002, 0.001]}
    own = {
        "metrics": {"valid/bits_per_byte": bits, "train/tokens": 7e5, "parameters": 5e5},
        "curves": {"valid/misalignment": curve, "valid/bits_per_byte": curve},
    }
    of_run = number(task, name, seed, budget or "", *asked, sorted((config or {}).items(), key=str))
    return made(of_run, *overrides, seed=seed, bits_per_byte=bits, config=config, **(own | changes))


def settings_of(*overrides, **changes):
    """What the record of a measurement keeps of `lmstudy-evaluate` with these overrides, and what differs in it."""
    asked_for = asked(composed("evaluate", "run=any", *overrides))[1]
    return json.loads(json.dumps(asked_for)) | changes


def judged(run, training, held_out=None, structure=None, samples=(), settings=None, groups=None, asked_for=()):
    """The measurement of a run: mean scores per character of its samples, by each scorer.

    `asked_for` are overrides of `lmstudy-evaluate`, `settings` what differs from what they say.
    """
    measure = settings_of(*(asked_for or [f"measure={run.config['experiment']}"]), **(settings or {}))
    config = {"run": {"id": run.id, "name": run.name, "config": run.config}, "measure": measure, "data": None}
    means = {"training": training, "held_out": training if held_out is None else held_out}
    if structure is not None:
        means["structure"] = structure
    rng = np.random.default_rng(number(run.id))
    table, metrics = {}, {}
    for where in ("unprompted", "prompted", "people"):
        for scorer, mean in means.items():
            noise = rng.normal(0, 0.05, PARTS)
            table[f"{where}/{scorer}"] = [[float(mean * CHARACTERS * (1 + x)), CHARACTERS] for x in noise]
            table[f"{where}/{scorer}/bad"] = [[8.0, 32.0]] * PARTS
            metrics |= {f"{where}/{scorer}/mean": mean, f"{where}/{scorer}/expected_maximum": 5 * mean}
    metrics |= {"diversity/distinct_2": 0.3, "diversity/self_bleu": 60.0, "diversity/characters": 150.0}
    own = {"name": f"preference-{run.name}", "seed": run.seed, "metrics": metrics, "groups": groups or table}
    changes = {**own, "samples": list(samples)}
    return record(number(run.id, sorted(measure.items(), key=str)), "evaluation", config, 2.0, **changes)


COUNTED = {"MLE": 0.004, "filtering": 0.0002, "conditional": 0.0004, "selective": 0.00005, "RWR": 0.0003}
RATED = {"MLE": 0.2, "filtering": -2.5, "conditional": -2.0, "selective": -2.8, "RWR": -1.5}
BITS = {"filtering": 2.2, "conditional": 2.01, "selective": 2.1}


def of_task(task, means=None, seeds=(1, 2, 3)):
    """Runs and measurements of some objectives; their seeds differ a little."""
    found = []
    for name, mean in (means or (RATED if task == "sentiment" else COUNTED)).items():
        for seed in seeds:
            run = trained(task, name, seed, BITS.get(name, 2.0))
            luck = 1 + 0.05 * (seed - 2)
            structure = 0.008 if task == "pep8" else None
            found += [run, judged(run, mean * luck, 0.9 * mean * luck, structure)]
    return found


TEACHER = trained("privacy", "MLE", 1, asked=("budget.steps=1600", "budget.evaluate_every=400"))


def distant(name, seed, distance, *teachers):
    """A run of privacy, and its distance from a teacher, or the mean of several, in bits per byte."""
    run = trained("privacy", name, seed)
    rng = np.random.default_rng(seed)
    groups = [[(distance + noise) * 100, 100.0] for noise in rng.normal(0, 0.01, size=16)]
    ids = sorted(teacher.id for teacher in teachers or (TEACHER,))
    asked_for = ("measure=divergence", "measure.teacher=" + (f"'{ids[0]}'" if len(ids) == 1 else f"{ids}"))
    found = judged(run, 0.1, asked_for=asked_for, groups={"divergence": groups})
    return run, replace(found, metrics={"divergence/spread": 0.07} if len(ids) > 1 else {})


def charged(run, bits):
    """The bits per byte of a run on *test*, every decision charged; they differ a little from seed to seed."""
    settings = {"name": "code_length", "control": "auto", "split": "test", "documents": None}
    config = {"run": {"id": run.id, "name": run.name, "config": run.config}, "measure": settings, "data": None}
    own = record(number(run.id, "charged"), "evaluation", config, bits, seed=run.seed)
    own.groups["test"] = [[bits * 1000 * (1 + run.seed / 1e4), 1000] for _ in range(20)]
    return own
