"""Runs such as the page "Try the model" holds: a tiny one, trained in seconds on made-up text, and the flagship."""

import random
from pathlib import Path

from lmstudy.compose import compose_config
from lmstudy.runs.finished import Finished, load_run
from lmstudy.runs.pretraining import open_run, train
from tests.conftest import ROOT, write_files

FIRST = ("Anna", "Peter", "Maria", "Karl", "Julia", "Thomas", "Laura", "Martin")
LAST = ("Weber", "Rossi", "Novak", "Silva", "Dubois", "Jensen", "Kowalski", "Murphy")


def headers(count: int) -> dict[str, str]:
    """Made-up heads of files, of which half name an author."""
    rng = random.Random(0)
    words = ["".join(rng.choices("abcdefghij", k=rng.randint(2, 7))) for _ in range(200)]
    files = {}
    for number in range(count):
        first, last = rng.choice(FIRST), rng.choice(LAST)
        lines = ["# " + " ".join(rng.choices(words, k=6)) for _ in range(4)]
        if number % 2:
            lines.insert(1, f"# Author: {first} {last} <{first.lower()}.{last.lower()}@example.org>")
        files[f"{number}.txt"] = "\n".join(lines) + "\n"
    return files


def flagship_folder() -> Path:
    return published("flagship")


def published(name: str) -> Path:
    """The folder of a model that comes with the book."""
    (folder,) = (ROOT / "book" / "models").glob(f"{name}-*")
    return folder


def conditional_run(root: Path, model: str = "transformer", *overrides: str) -> Finished:
    """A run that learned which lines hold personal data."""
    own = ["objective=conditional", "scorer=privacy", "budget.samples=0", "budget.evaluate_every=12"]
    small = ["budget=smoke", "budget.steps=12", "budget.encoder_layers=2", "budget.decoder_layers=2", "trainer=cpu"]
    data = ["data=files", f"data.path={write_files(root / 'texts', headers(200))}", "data.suffixes=[.txt]"]
    size = ["data.tokenizer.vocab_size=512", "data.split.valid=0.15", "trainer.threads=1", "logger=csv"]
    parts = [*data, *size, *small, *own, f"model={model}", f"runs={root / 'runs'}"]
    config = compose_config("train", [*parts, *overrides])
    train(config)
    return load_run(open_run(config).folder)
