"""The way back through the worked example, from the loss to every matrix, in products that can be done by hand.

    G = dL/d logits = (p - Y) / T              Y  T x V, one-hot rows of the targets
    dW' = s^T G                ds = G W'^T
    dc = sum_t ds_t                             every state has the same context
    dXW = dc / T_x where XW > 0, else 0         c is the mean of the rows of H = relu(XW)
    dW = X^T dXW               dX = dXW W^T
    dE: to the row of a word read goes its row of dX, to that of the word before position t goes ds_t

A name with a d stands for the derivative of the loss by what follows.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lmstudy.chapters.worked_example.as_printed import WORDS
from lmstudy.chapters.worked_example.redone import AXES, BOS, Example, numbers, steps


def there_and_back(model: Example, read: Sequence[str], written: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Every matrix of `redone.steps`, those of the way back, and the whole of E with its row for BOS.

    Args:
        model: the example, as it is.
        read: words that the encoder reads.
        written: words that the decoder is to write.
    """
    named = steps(model, read, written)
    words = [*WORDS, BOS]
    E = pd.DataFrame(model.E.detach().numpy(), words, AXES)
    G, XW = named["gradient"], named["XW"]
    ds = G.to_numpy() @ named["W'"].to_numpy().T
    dc = ds.sum(0, keepdims=True)
    dXW = np.where(XW.to_numpy() > 0, dc / len(read), 0.0)
    dX = dXW @ named["W"].to_numpy().T
    dE = np.zeros(E.shape)
    np.add.at(dE, numbers(read), dX)
    np.add.at(dE, numbers([BOS, *written[:-1]]), ds)
    return {
        **named,
        "E": E,
        "L": pd.DataFrame([[named["loss"]["−log p"].mean()]], [""], [""]),
        "dW'": pd.DataFrame(named["s"].to_numpy().T @ G.to_numpy(), AXES, list(WORDS)),
        "ds": pd.DataFrame(ds, G.index, AXES),
        "dc": pd.DataFrame(dc, ["c"], AXES),
        "dXW": pd.DataFrame(dXW, XW.index, AXES),
        "dW": pd.DataFrame(named["X"].to_numpy().T @ dXW, AXES, AXES),
        "dX": pd.DataFrame(dX, XW.index, AXES),
        "dE": pd.DataFrame(dE, words, AXES),
    }
