"""Who may look at whom: what the model's masks say, and what changes when one token is replaced by another."""

from collections.abc import Iterable, Mapping
from itertools import islice

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from torch import Tensor

from lmstudy.data.batch import Seq2SeqBatch
from lmstudy.errors import StudyError
from lmstudy.models.transformer import Attention, FeedForward, Seq2SeqTransformer, same_example
from lmstudy.show.style import COLOURS


def packed_row(batches: Iterable[Seq2SeqBatch], look: int = 16) -> Seq2SeqBatch:
    """Of the first batches, the row that shows most, alone: of two to four examples, long on both sides."""
    best, found = -1.0, None
    for batch in islice(batches, look):
        for row in range(len(batch.labels)):
            encoder, decoder = batch.encoder_documents[row], batch.decoder_documents[row]
            count = int(decoder.max())
            size = min(len(encoder), len(decoder))
            shorter = torch.minimum(encoder.bincount(minlength=count + 1), decoder.bincount(minlength=count + 1))[1:]
            score = float((shorter / size).sqrt().sum()) + (2 <= count <= 4) * len(encoder)
            if score > best:
                best = score
                found = Seq2SeqBatch(*(field if field.ndim == 0 else field[row : row + 1] for field in batch))
    if found is None:
        raise StudyError("there is no batch to take a row from")
    return found


def middle_of_longest(documents_T: Tensor) -> int:
    """The middle position of the longest example of a row, padding apart."""
    number = documents_T[documents_T > 0].bincount().argmax()
    positions = (documents_T == number).nonzero().flatten()
    return int(positions[len(positions) // 2])


def sight(batch: Seq2SeqBatch) -> dict[str, np.ndarray]:
    """Who may look at whom in the first row of a batch, by the model's own masks.

    Returns:
        For each kind of attention [queries, keys]: the number of the example where a query may look, 0 where
        not, and -1 in the rows of padding, which may look anywhere because nothing reads them.
    """
    encoder, decoder = batch.encoder_documents[:1], batch.decoder_documents[:1]
    found = {}
    for name, query, key, causal in (
        ("encoder\nself-attention", encoder, encoder, False),
        ("decoder\nself-attention", decoder, decoder, True),
        ("decoder\ncross-attention", decoder, encoder, False),
    ):
        allowed = same_example(query, key, causal=causal)[0]
        number = torch.where(query == 0, -1, query)[0]
        found[name] = (allowed * number[:, None]).numpy()
    return found


def masks_figure(found: Mapping[str, np.ndarray]) -> Figure:
    """Who may look at whom in a packed row: a colour and a number an example, grey the rows of padding."""
    widths = [table.shape[1] for table in found.values()]
    tallest = max(len(table) for table in found.values())
    height = 6.3 * tallest / sum(widths) + 0.9
    figure, panels = plt.subplots(1, len(found), figsize=(7.2, height), width_ratios=widths)
    examples = int(max(table.max() for table in found.values()))
    colours = ["#DDDDDD", "white", *(COLOURS[i % len(COLOURS)] for i in range(examples))]
    for axes, (name, table) in zip(panels, found.items(), strict=True):
        axes.imshow(table, cmap=ListedColormap(colours), vmin=-1.5, vmax=examples + 0.5, interpolation="nearest")
        axes.set(title=name, xlabel="key", anchor="N")
        axes.spines[["top", "right"]].set_visible(True)
        for number in np.unique(table[table > 0]):
            rows, columns = np.nonzero(table == number)
            if min(np.ptp(rows), np.ptp(columns)) > 0.06 * tallest:
                axes.text(columns.mean(), rows.mean(), f"{number}", color="white", ha="center", va="center")
        padding = np.flatnonzero((table == -1).all(1))
        if len(padding) > 0.08 * tallest:
            axes.text(table.shape[1] / 2, padding.mean(), "padding", color="#555555", ha="center", va="center")
    panels[0].set_ylabel("query")
    return figure


def awaken(model: Seq2SeqTransformer, seed: int) -> Seq2SeqTransformer:
    """Give the output projections of all sublayers, which start at zero, random weights; in place."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        layer = {Attention: "output", FeedForward: "down"}
        for kind, name in layer.items():
            if isinstance(module, kind):
                weight = getattr(module, name).weight
                with torch.no_grad():
                    weight.normal_(std=weight.shape[1] ** -0.5, generator=generator)
    return model


@torch.inference_mode()
def changed(model: Seq2SeqTransformer, one: Seq2SeqBatch, side: str, position: int) -> dict[str, Tensor]:
    """Which vectors change when one token of the first row is replaced by another.

    Args:
        side: "encoder" or "decoder", where the token is.

    Returns:
        "memory" [S] and "output" [T], true where the row's vector is not the same number for number; false at
        padding, whose vectors nothing uses.
    """
    if side not in ("encoder", "decoder"):
        raise StudyError(f"side={side!r} must be 'encoder' or 'decoder'")
    name = f"{side}_tokens"
    tokens = getattr(one, name).clone()
    tokens[0, position] = (tokens[0, position] + 1) % model.output_weight.shape[0]
    other = one._replace(**{name: tokens})
    memories = [model.encode(b.encoder_tokens, b.encoder_documents) for b in (one, other)]
    outputs = [
        model.decode(b.decoder_tokens, b.decoder_documents, memory, b.encoder_documents)
        for b, memory in zip((one, other), memories, strict=True)
    ]
    return {
        "memory": (memories[0] != memories[1])[0].any(-1) & (one.encoder_documents[0] > 0),
        "output": (outputs[0] != outputs[1])[0].any(-1) & (one.decoder_documents[0] > 0),
    }


def change_table(model: Seq2SeqTransformer, one: Seq2SeqBatch) -> pd.DataFrame:
    """One row a side: a token in the middle of its longest example is replaced; which vectors then differ."""
    rows = {}
    for side in ("encoder", "decoder"):
        documents = getattr(one, f"{side}_documents")[0]
        position = middle_of_longest(documents)
        found = changed(model, one, side, position)
        number = documents[position]
        rows[f"{side}'s token {position}"] = {
            "its example, in the encoder": _span(one.encoder_documents[0] == number),
            "memory that changes": _span(found["memory"]),
            "its example, in the decoder": _span(one.decoder_documents[0] == number),
            "outputs that change": _span(found["output"]),
        }
    return pd.DataFrame(rows).T


def _span(true: Tensor) -> str:
    """First and last of a run of true positions; all of them where there are gaps."""
    where = true.nonzero().flatten().tolist()
    if len(where) > 1 and where == list(range(where[0], where[-1] + 1)):
        return f"{where[0]} to {where[-1]}"
    return ", ".join(map(str, where)) or "none"
