"""The numbers in the answers of the chapter's exercises, as its page shows them."""

from collections.abc import Iterable
from fractions import Fraction

import numpy as np
import torch

from lmstudy.chapters.worked_example import as_printed, redone
from lmstudy.show.numbers import MINUS, number


def encoder(model: redone.Example) -> dict[str, str]:
    """The encoder reads the other sentence: its rows, the state behind the first word, what is expected."""
    other = redone.SENTENCES[1]
    named = redone.steps(model, other, other)
    rows = {"context": named["c"].loc["c"], "state": named["s"].loc["s₂"], "logits": named["logits"].loc["s₂"]}
    p = named["p"].loc["s₂"]
    return {
        **{f"read_{i + 1}": fractions(named["H"].loc[word]) for i, word in enumerate(other)},
        **{name: fractions(row) for name, row in rows.items()},
        **{"most_probable": str(p.idxmax()), "p_most": number(p.max(), decimals=2)},
        "p_right": number(p[other[1]], decimals=2),
    }


def fractions(row: Iterable[float]) -> str:
    """Numbers as fractions of whole numbers: 1, −2/3."""
    return ", ".join(str(Fraction(float(x)).limit_denominator(9)).replace("-", MINUS) for x in row)


def one_step(model: redone.Example, rate: float = 1.0) -> dict[str, str]:
    """The derivative of the loss by the output vector of the sentence's last word, and the vector after one step."""
    sentence = redone.SENTENCES[0]
    named = redone.steps(model, sentence, sentence)
    slope = named["s"].T @ named["gradient"][sentence[-1]]
    after = named["W'"][sentence[-1]] - rate * slope
    told = {"slope": slope, "column": after}
    return {name: ", ".join(number(x, decimals=2) for x in row) for name, row in told.items()}


def from_zero(steps: int, rate: float) -> dict[str, str]:
    """The loss on the first sentence after training, where all matrices start at zero, or the output matrix alone."""
    sentence, found = redone.SENTENCES[0], {"log_5": number(np.log(5), decimals=3)}
    for name, zeroed in {"all": ("E", "W", "W_out"), "output": ("W_out",)}.items():
        model = redone.Example()
        for part in zeroed:
            torch.nn.init.zeros_(getattr(model, part))
        training = redone.train([sentence], read=len(sentence), steps=steps, rate=rate, model=model)
        found[f"from_zero_{name}"] = number(training.losses[-1], decimals=3)
    return found


def star(points: int) -> np.ndarray:
    """[points, 2] vectors of length 1, at equal angles."""
    angles = 2 * np.pi * np.arange(points) / points
    return np.stack([np.cos(angles), np.sin(angles)], 1)


def singled_out(bias: float) -> dict[str, str]:
    """How many words of a star a sigmoid singles out: of three and of five without a bias, of five with one.

    With the bias, in the direction of each word's own vector, by a state of length 1.
    """
    five = star(5)
    return {
        "of_three": str(len(redone.single_out(star(3)))),
        "of_five": str(len(redone.single_out(five))),
        "of_five_biased": str(int((((five @ five.T + bias) > 0) == np.eye(5, dtype=bool)).all(1).sum())),
        "neighbour": number(five[0] @ five[1], decimals=2),
    }


def formula() -> dict[str, str]:
    """The lowest value of the loss as it is printed, with words numbered from 0 and from 1."""
    from_1 = np.arange(1, 6) / 15
    return {
        "lowest_from_0": number(as_printed.loss_read_literally(np.arange(5) / 10), decimals=2),
        "lowest_from_1": number(-15 * float((from_1 * np.log(from_1)).sum()), decimals=2),
    }
