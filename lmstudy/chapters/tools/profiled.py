"""One training step under PyTorch's profiler: which operations take which share of it."""

from __future__ import annotations

import pandas as pd
import torch
import torch.nn.functional as F

from lmstudy.data.batch import IGNORE, Seq2SeqBatch
from lmstudy.runs.pretraining import Run, build_data, build_module

STEPS = 3
"""Before the step that is watched: the first ones set up what later ones find."""


def shares(run: Run, count: int = 8) -> pd.DataFrame:
    """The operations that take most of a training step, the largest first: calls, and per cent of the step's own time.

    Args:
        run: its model and its batches; it is trained for a few steps here, and not kept.
        count: operations that are shown; the others are one row.
    """
    model = build_module(run).model
    batches = iter(build_data(run).train_dataloader())
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for _ in range(STEPS):
        _step(model, next(batches), optimizer)
    batch = next(batches)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        _step(model, batch, optimizer)
    found = sorted(profile.key_averages(), key=lambda one: -one.self_cpu_time_total)
    whole = sum(one.self_cpu_time_total for one in found)
    rows = {
        one.key: {"calls": one.count, "% of the step": 100 * one.self_cpu_time_total / whole} for one in found[:count]
    }
    rest = found[count:]
    rows[f"{len(rest)} others"] = {
        "calls": sum(one.count for one in rest),
        "% of the step": 100 * sum(one.self_cpu_time_total for one in rest) / whole,
    }
    return pd.DataFrame.from_dict(rows, orient="index").astype({"calls": int}).rename_axis("operation")


def _step(model: torch.nn.Module, batch: Seq2SeqBatch, optimizer: torch.optim.Optimizer) -> None:
    loss = F.cross_entropy(model(batch).flatten(0, 1), batch.labels.flatten(), ignore_index=IGNORE)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
