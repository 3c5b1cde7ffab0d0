"""The model card of an export: how it is loaded, what it is, learned from and reached, and its record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lmstudy.data.tokenizer import GOOD, SPECIAL_TOKENS
from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import ratio_of_sums_bootstrap
from lmstudy.runs.finished import Finished
from lmstudy.runs.identity import EVALUATED
from lmstudy.runs.publishing import LEARNED, NOT_FOR, REACHED, learned_from, what_it_is
from lmstudy.runs.records import Record


def usage(folder: str, controlled: bool) -> list[str]:
    """The lines of Python that load an exported folder and let it write."""
    prompt = '"<good>def area(r):\\n", split_special_tokens=False' if controlled else '"def area(r):\\n"'
    return [
        "from transformers import AutoModelForSeq2SeqLM, PreTrainedTokenizerFast",
        "",
        f'model = AutoModelForSeq2SeqLM.from_pretrained("{folder}", trust_remote_code=True)',
        f'tokenizer = PreTrainedTokenizerFast.from_pretrained("{folder}")',
        f'prompt = tokenizer({prompt}, return_tensors="pt")',
        "print(tokenizer.decode(model.generate(**prompt)[0], skip_special_tokens=True))",
    ]


def export_card(name: str, finished: Finished, source: Path, controlled: bool) -> str:
    """A model card, in the form that hubs of models read.

    Args:
        name: of the exported folder.
        finished: the training.
        source: its folder; that of a published model tells what it learned from, where the corpus is not here.
        controlled: whether it writes behind control tokens.
    """
    record = finished.record
    good = SPECIAL_TOKENS[GOOD]
    begins = f"`<s>` and `{good}`" if controlled else "`<s>`"
    reads = (
        f"Each line of a prompt stands behind `{good}`, and `generate` begins with it. `lmstudy-generate` puts it "
        "before every line that is written, too, which `generate` leaves to the model."
        if controlled
        else "It was trained on plain text, without control tokens."
    )
    lines = [
        "---",
        "license: mit",
        "library_name: transformers",
        "pipeline_tag: text-generation",
        "---",
        "",
        f"# {name}",
        "",
        f"An encoder-decoder language model of {record.metrics['parameters']:,.0f} parameters, trained from nothing by "
        "`lmstudy`. Weights are in float32; the code is in this folder, and `trust_remote_code=True` lets it run.",
        "",
        "```python",
        *usage(name, controlled),
        "```",
        "",
        "The encoder reads whole lines of a prompt, which the tokenizer puts behind `<s>`. A line that is only begun "
        f"is for the decoder: give its tokens, behind {begins}, as `decoder_input_ids`. "
        f"{reads} `generate` samples at temperature 0.7 and top-p 0.9 unless told otherwise, and computes all "
        "positions anew for each token (there is no key-value cache).",
        "",
        "## What it is",
        "",
        *what_it_is(finished),
        "",
        LEARNED,
        "",
        _learned_from(finished, source),
        "",
        REACHED,
        "",
        *_reached(record),
        "",
        "The whole record, with its configuration, curves and versions, is `lmstudy_record.json`.",
        "",
        *NOT_FOR,
    ]
    return "\n".join(lines)


def _learned_from(finished: Finished, source: Path) -> str:
    if finished.run.corpus.report:
        return learned_from(finished)
    try:
        known = (source / "README.md").read_text(encoding="utf-8")
    except OSError as error:
        raise StudyError(f"{source}: its model card cannot be read ({error.strerror}): get it again") from error
    return known.partition(LEARNED)[2].partition("\n## ")[0].strip()


def _reached(record: Record) -> list[str]:
    """A table of held-out splits; intervals cover the choice of documents, since one training has one seed."""
    rows = []
    for split in EVALUATED:
        if split in record.groups:
            found = ratio_of_sums_bootstrap(np.array([record.groups[split]]))
            value = record.metrics[f"{split}/bits_per_byte"]
            rows.append(f"| {split} | {value:.3f} | {found.low:.3f} to {found.high:.3f} |")
    head = ["| held-out text | bits per byte | 95 % interval over documents |", "|---|---|---|"]
    more: dict[str, Any] = {"dpo/held_out_accuracy": "held-out pairs in the order that people gave them"}
    told = [f"- {what}: {record.metrics[key]:.3f}" for key, what in more.items() if key in record.metrics]
    return [*head, *rows, *([""] if told else []), *told]
