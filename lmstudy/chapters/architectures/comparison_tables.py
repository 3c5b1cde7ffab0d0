"""Tables of comparisons: one row an arm, intervals in words."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lmstudy.runs.records import Record
from lmstudy.show.tables import with_interval
from lmstudy.study.comparisons import bits_per_byte, metric


def quality_table(arms: Mapping[str, Sequence[Record]], split: str = "valid") -> pd.DataFrame:
    """Bits per byte with its interval, and the classification metrics, of each arm on a split; means over seeds."""
    bits = bits_per_byte(arms, split)
    columns = {"token accuracy": "accuracy", "macro recall": "recall", "macro F1": "f1"}
    means = {title: metric(arms, f"{split}/{key}") for title, key in columns.items()}
    return pd.DataFrame(
        {
            name: {
                "bits per byte (95 % interval)": with_interval(bits[name]),
                **{title: f"{values[name].value:.3f}" for title, values in means.items()},
                "seeds": len(records),
            }
            for name, records in arms.items()
        }
    ).T


def unbuilt(config: Mapping[str, Any]) -> Any:
    """The model of a configuration without its numbers (PyTorch's meta device): shapes and counts, in no time."""
    import torch

    from lmstudy.config import build

    budget, vocab_size = config["budget"], config["data"]["tokenizer"]["vocab_size"]
    positions = max(budget["encoder_length"], budget["decoder_length"])
    with torch.device("meta"):
        return build(config["model"], "model", vocab_size=vocab_size, max_positions=positions)


def operations_per_token(record: Record) -> float:
    """Floating-point operations of training, a target token of a full batch, from a record's configuration."""
    from lmstudy.models.flops import TRAINING

    config: Any = record.config
    budget = config["budget"]
    forward = unbuilt(config).forward_flops(budget["rows"], budget["encoder_length"], budget["decoder_length"])
    return TRAINING * forward / (budget["rows"] * budget["decoder_length"])


def cost_table(arms: Mapping[str, Sequence[Record]]) -> pd.DataFrame:
    """Parameters, and floating-point operations and target tokens of the training, of each arm."""
    rows = {}
    for name, records in arms.items():
        first, per_token = records[0].metrics, operations_per_token(records[0])
        rows[name] = {
            "parameters": f"{first['parameters']:,.0f}",
            "target tokens seen": f"{first['train/tokens']:,.0f}",
            "operations a target token, millions": f"{per_token / 1e6:.1f}",
            "operations in all, 10¹²": f"{per_token * first['train/tokens'] / 1e12:.1f}",
        }
    return pd.DataFrame(rows).T
