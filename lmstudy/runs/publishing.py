"""What of a folder of runs comes with the book: records, and of few models the weights.

A published model is a folder `book/models/NAME-ID` with the weights in bfloat16, the tokenizer, the record, a model
card that is made of it, and checksums. `lmstudy-generate run=NAME` needs nothing else.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmstudy.atomic import write_text
from lmstudy.errors import StudyError
from lmstudy.runs.folders import TOKENIZER, find_folder, models_folder, write_checksums
from lmstudy.runs.lifecycle import WEIGHTS, save_weights
from lmstudy.runs.records import Record, load, published_folder

if TYPE_CHECKING:
    from lmstudy.runs.finished import Finished

LARGEST = 12_000_000
"""Bytes of the weights of a model that comes with the book."""
NAME = re.compile(r"[a-z][a-z0-9_]*")


LEARNED, REACHED = "## What it learned from", "## What it reached"
NOT_FOR = (
    "## What it is not for",
    "",
    "It is a specimen for study. What it writes looks like its sources and often does nothing sensible. It follows "
    "no instructions. Read what it writes before you run it.",
    "",
)
"""Parts of every model card."""


def publish(run: str, runs: Path) -> Path:
    """Copy a finished record to where the book's claims are computed from; returns its path there.

    Raises:
        StudyError: there is no such record, or it was made by code that is in no commit.
    """
    record = _portable(load(find_folder(run, runs) / "record.json"), f"--publish {run}")
    return record.write(published_folder() / f"{record.name}-{record.id}.json", with_parts=True)


def publish_model(run: str, name: str, runs: Path) -> Path:
    """Copy a finished training's weights, tokenizer and record to the book's models; returns the folder.

    Args:
        run: the training's id, the beginning of it, or its folder.
        name: by which commands will find it.
        runs: the folder of runs.

    Raises:
        StudyError: there is no such training, its code is in no commit, the name is none or is taken, or the weights
            are too large.
    """
    import torch

    from lmstudy.runs.finished import load_run

    option = f"--publish-model {run} {name}"
    if not NAME.fullmatch(name):
        raise StudyError(
            f"{option}: a model's name has small letters, digits and underscores, and begins with a letter"
        )
    folder = find_folder(run, runs, kind="train", key="--publish-model")
    record = _portable(load(folder / "record.json"), option)
    target = models_folder() / f"{name}-{record.id}"
    taken = [other for other in models_folder().glob(f"{name}-*") if other != target]
    if taken:
        raise StudyError(f"{option}: {taken[0]} has that name; remove it, or take another one")
    finished = load_run(folder)
    weights = {key: value.to(torch.bfloat16) for key, value in finished.module.model.state_dict().items()}
    size = sum(value.numel() * value.element_size() for value in weights.values())
    if size > LARGEST:
        raise StudyError(f"{option}: its weights have {size:,} bytes, and {LARGEST:,} at most come with the book")
    target.mkdir(parents=True, exist_ok=True)
    save_weights(weights, target / WEIGHTS)
    finished.run.corpus.tokenizer.save(str(target / TOKENIZER), pretty=False)
    write_text(target / "README.md", card(name, finished))
    write_checksums(target, [WEIGHTS, TOKENIZER])
    record.write(target / "record.json")  # last: without it the folder is no published model
    return target


def _portable(record: Record, option: str) -> Record:
    commit = record.commit or ""
    if commit.endswith("+dirty"):
        raise StudyError(
            f"{option}: {record.name} was made by code that differed from commit {commit[:7]}: commit it, "
            "and make the record again"
        )
    samples = json.dumps(record.samples, ensure_ascii=False)
    if isinstance(folder := record.config.get("runs"), str):  # in commands, as a benchmark keeps them
        samples = samples.replace(json.dumps(f"runs={folder}", ensure_ascii=False)[1:-1], "runs=runs")
    return replace(record, config=without_folder(record.config), samples=json.loads(samples))


def without_folder(config: dict[str, Any]) -> dict[str, Any]:
    """A record's configuration with the default in the place of the folder of runs, at any depth."""
    found = {key: without_folder(value) if isinstance(value, dict) else value for key, value in config.items()}
    return found | {"runs": "runs"} if isinstance(found.get("runs"), str) else found


def card(name: str, finished: Finished) -> str:
    """A model card, in the form that hubs of models read: what the model is, learned from, reached, and cannot do.

    Args:
        name: of the published model.
        finished: with its whole corpus.
    """
    record = finished.record
    metrics = record.metrics
    asks = " control=good" if getattr(finished.module.objective, "controlled", False) else ""
    bits = [
        f"| {split} | {metrics[f'{split}/bits_per_byte']:.3f} |"
        for split in finished.run.corpus.report["splits"]
        if f"{split}/bits_per_byte" in metrics
    ]
    lines = [
        "---",
        "license: mit",
        "library_name: lmstudy",
        "pipeline_tag: text-generation",
        "---",
        "",
        f"# {name}",
        "",
        f"An encoder-decoder language model of {metrics['parameters']:,.0f} parameters, trained from nothing by "
        f"`lmstudy`. Its weights are stored in bfloat16.",
        "",
        "```bash",
        f"lmstudy-generate run={name}{asks}",
        "```",
        "",
        "## What it is",
        "",
        *what_it_is(finished),
        "",
        LEARNED,
        "",
        learned_from(finished),
        "",
        REACHED,
        "",
        "| held-out text | bits per byte |",
        "|---|---|",
        *bits,
        "",
        *NOT_FOR,
    ]
    return "\n".join(lines)


def what_it_is(finished: Finished) -> list[str]:
    """Lines of a card's table: network, vocabulary, objective, training, time and record."""
    record = finished.record
    config: dict[str, Any] = dict(record.config)
    budget, metrics = config["budget"], record.metrics
    return [
        "| | |",
        "|---|---|",
        f"| network | {budget['encoder_layers']} + {budget['decoder_layers']} layers, width {budget['d_model']}, "
        f"{budget['heads']} heads |",
        f"| vocabulary | {finished.run.corpus.tokenizer.get_vocab_size():,} tokens (byte-level byte pair encoding) |",
        f"| objective | {config['objective']['_target_'].rpartition('.')[2]}"
        + (f", judged by {config['scorer']['_target_'].rpartition('.')[2]} |" if config.get("scorer") else " |"),
        *([f"| afterwards | {_pairs(config)} |"] if config.get("dpo") else []),
        f"| training | {budget['steps']:,} steps, {metrics['train/tokens']:,.0f} target tokens, seed {record.seed}, "
        f"precision {config['trainer']['precision']} |",
        f"| time | {record.wall_seconds / 3600:.1f} hours on {record.hardware.get('cpu', 'a CPU')} |",
        f"| record | `{record.id}`, numerics version {record.numerics}, code {(record.commit or 'unknown')[:7]} |",
    ]


def _pairs(config: dict[str, Any]) -> str:
    """What a run learned from pairs."""
    loss = config["loss"]["_target_"].rpartition(".")[2] if config.get("loss") else "DPO"
    whose = "that people have given" if config.get("comparisons") else "of its own texts"
    return f"{loss} with pairs {whose}, from run `{config['start']}`"


def learned_from(finished: Finished) -> str:
    """A line of a card: sources, tokens and licences; of a training with its whole corpus."""
    report = finished.run.corpus.report
    sources = [one for one in report["sources"].values() if one["splits"].get("train")]
    licences = Counter(one.get("licence", "not named") for one in sources)
    tokens = report["splits"].get("train", {}).get("tokens", 0)
    named = ", ".join(f"{licence} ({count})" for licence, count in licences.most_common())
    return f"{len(sources)} sources, {tokens:,} tokens after cleaning. Their licences: {named}."
