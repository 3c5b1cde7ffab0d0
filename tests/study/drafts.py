"""A draft of a prediction, a repository to register it in, and made-up records that decide it."""

import subprocess
from pathlib import Path

import yaml

from lmstudy.commands import register as command
from lmstudy.compose import compose_config
from lmstudy.study import register
from tests.claim_records import record, trained

ARM = ["experiment=encoder_decoder", "budget=brief", "trainer.precision=32-true"]
DRAFT = [
    {
        "id": "test.smear",
        "sentence": "Smear saves bits.",
        "chapter": "notebooks/03_speed",
        "statistic": "more_bits",
        "first": {"train": [*ARM, "model=transformer"]},
        "second": {"train": ARM},
        "seeds": [1, 2, 3],
        "split": "valid",
        "unit": "bits per byte",
        "above": 0,
        "why": "A test.",
    }
]
SETTINGS = {"name": "likelihood", "split": "valid", "documents": None}
MODELS = [compose_config("train", list(DRAFT[0][arm]["train"]))["model"] for arm in ("first", "second")]


def git(*arguments):
    own = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    return subprocess.run(["git", *own, *arguments], check=True, capture_output=True, text=True).stdout


def add(draft=None, name="smear.yaml"):
    Path(name).write_text(yaml.safe_dump(DRAFT if draft is None else draft))
    return command.main(["--add", name])


def entry():
    (found,) = register.read().values()
    return found


def measured(of, number, bits):
    config = {"run": {"id": of.id, "name": of.name, "config": of.config}, "measure": SETTINGS, "data": None}
    return record(number, "evaluation", config, bits, seed=of.seed, started="2099-01-01T00:00:00Z")


def committed_now():
    """The commit that holds the register as it stands."""
    git("add", "-A")
    git("commit", "-qm", "predicted")
    return git("rev-parse", "HEAD").strip()


def records(first=2.0, second=1.9, started="2099-01-01T00:00:00Z", commit=None):
    """Runs of both arms and their measurements, as they come after the prediction."""
    found = []
    for arm, bits in enumerate((first, second)):
        for seed in (1, 2, 3):
            number = 100 + 10 * arm + seed
            run = trained(
                number, *DRAFT[0][("first", "second")[arm]]["train"], seed=seed, started=started, commit=commit
            )
            found += [run, measured(run, number + 100, bits + 0.01 * seed)]
    return found


def written(found, checkout):
    for one in found:
        one.write(checkout / "book" / "records" / f"{one.name}-{one.id}.json")
