"""Figures of the speed chapter, from records of benchmarks."""

from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from lmstudy.runs.records import Record
from lmstudy.show.labels import label_ends, plain_axis
from lmstudy.show.style import COLOURS, GREY
from lmstudy.study.estimates import benchmark_line

BITS = "valid/bits_per_byte"


def time_to_quality(record: Record) -> Figure:
    """Held-out bits per byte against minutes of training: the peer's trials, its final run, and ours."""
    figure, axes = plt.subplots()
    runs: list[Any] = [sample for sample in record.samples if isinstance(sample, dict) and "minutes" in sample]
    labelled = set()
    for run in runs:
        curve = record.curves[f"{run['run']}/{BITS}"]
        minutes = [step * run["minutes"] / curve["step"][-1] for step in curve["step"]]
        label, style = _style(run["run"])
        axes.plot(minutes, curve["value"], label=None if label in labelled else label, **style)
        labelled.add(label)
    final = next(run for run in runs if "/final/" in run["run"])
    target = record.curves[f"{final['run']}/{BITS}"]["value"][-1]
    axes.axhline(target, color=GREY, linestyle="--", linewidth=1)
    longest = max(run["minutes"] for run in runs)
    axes.set(xlim=(0, longest), xlabel="minutes of training on two cores", ylabel="bits per byte, held out")
    axes.legend(frameon=False)
    label_ends(axes, longest, {"what T5 reaches": target}, {"what T5 reaches": GREY})
    return figure


def _style(name: str) -> tuple[str, dict[str, Any]]:
    if name.startswith("lmstudy"):
        return "lmstudy, a line for each run", {"color": COLOURS[0], "linewidth": 1.8}
    if "/final/" in name:
        return "Hugging Face T5, best settings", {"color": COLOURS[1], "linewidth": 1.8}
    return "Hugging Face T5, trials of settings", {"color": COLOURS[1], "linewidth": 0.8, "alpha": 0.5}


def growth(record: Record) -> Figure:
    """Four panels: a step against context and width, memory against text, and processes side by side."""
    points: dict[str, list[dict[str, Any]]] = {}
    for sample in record.samples:
        if isinstance(sample, dict):
            points |= {key: value for key, value in sample.items() if key in PARTS}  # type: ignore[misc]
    figure, panels = plt.subplots(2, 2, figsize=(7.2, 5.2))
    for axes, (part, (key, xlabel, ylabel)) in zip(panels.flat, PARTS.items(), strict=True):
        values = [_height(part, point) for point in points[part]]
        at = [point[key] for point in points[part]]
        axes.plot(at, values, "o-", color=COLOURS[0], linewidth=1.6)
        axes.set(xscale="log", xlabel=xlabel, ylabel=ylabel, ylim=(0, 1.15 * max(values)))
        plain_axis(axes, "x", at)
    for axes, grown in ((panels[0, 0], "context"), (panels[0, 1], "width")):
        slope = benchmark_line(record, f"step_slope_{grown}")["value"]
        axes.set_title(f"grows as {grown} to the power of {slope:.2f}", loc="left", color=GREY)
    return figure


PARTS = {
    "contexts": ("context", "tokens a row, equal tokens a step", "seconds a step"),
    "widths": ("width", "width of the model", "seconds a step"),
    "stores": ("megabytes", "MB of training text", "peak memory, MiB"),
    "processes": ("processes", "trainings at once, a thread each", "tokens a second in all"),
}
"""Of a record of the benchmark `growth`: part -> key of a point, axis labels."""


def _height(part: str, point: dict[str, Any]) -> float:
    if part == "stores":
        return float(point["memory"]["end"]["VmHWM"])
    if part == "processes":
        return float(point["tokens_per_second"])
    ordered = sorted(point["seconds"])
    return float(ordered[len(ordered) // 2])
