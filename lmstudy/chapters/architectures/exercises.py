"""The numbers in the answers of the chapter's exercises, as its page shows them."""

import math
from typing import Any

import pandas as pd

from lmstudy.models.network import unbuilt
from lmstudy.runs.records import Record
from lmstudy.show.numbers import number

FLOAT_BITS = 32
"""Of a number of a state."""


def whole_text(more_bits: float, size: int) -> dict[str, str]:
    """What a difference of bits per byte comes to on a text of so many bytes: bits, and digits of the ratio."""
    bits = round(more_bits, 3) * size
    return {"text_bits": number(bits, decimals=0), "text_digits": str(math.floor(bits * math.log10(2)) + 1)}


def at_one_rate(rates: pd.DataFrame, reference: str, other: str) -> dict[str, str]:
    """The differences of two architectures at each rate that both were tried at, and of their best rates.

    `rates` as of `lmstudy.study.rates.rate_table`, taken as the page shows them, to three decimals.
    """
    rates = rates.round(3)
    gaps = (rates[other] - rates[reference]).dropna()
    found = {f"gap_{i + 1}": gap for i, gap in enumerate(gaps)}
    found["gap_best"] = rates[other].min() - rates[reference].min()
    told = {name: number(gap, decimals=3) for name, gap in found.items()}
    return told | {"least_gap_rate": gaps.idxmin(), "most_gap_rate": gaps.idxmax()}


def code_size(run: Record, tokens: int) -> dict[str, str]:
    """Bits that so many tokens take at most, and bits of the fixed code of the LSTM of a run."""
    config: Any = run.config
    vocabulary, layers = config["data"]["tokenizer"]["vocab_size"], config["model"]["layers"]
    units = unbuilt(config).units
    text, code = tokens * math.log2(vocabulary), 2 * layers * units * FLOAT_BITS
    return {
        "code_units": number(units),
        "code_layers": number(layers),
        "code_vocabulary": number(vocabulary),
        "token_bits": number(math.log2(vocabulary), decimals=0),
        "copied_bits": number(text, decimals=0),
        "code_bits": number(code),
        "code_times": number(code / text, decimals=0),
    }
