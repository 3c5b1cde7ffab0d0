"""Workload `growth`: how the cost of training grows with context, corpus, width and processes. There is no peer."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from lmstudy.benchmark import grown_store
from lmstudy.benchmark.fresh_process import measure, measure_together
from lmstudy.benchmark.result import Bench, Line, Result
from lmstudy.benchmark.slope import log_log_slope
from lmstudy.errors import StudyError

POINTS = "lmstudy.benchmark.growth_points"
DEPTHS = {"encoder_layers": 4, "decoder_layers": 4}
HEAD_WIDTH = 64


@dataclass(frozen=True)
class Growth:
    """Each point is measured in a process of its own; an empty list leaves its part out.

    Args:
        store_megabytes: corpora of so much text, built from the training documents; the headline is the peak memory
            of training on the last as a multiple of that on the first.
        store_steps: training steps on each.
        contexts: lengths of both sides of a row, at `tokens` decoder tokens a step.
        widths: model widths, at the shape below.
        processes: how many train at once, with one thread each.
        steps: timed at each point of the last three.
        tokens: see `contexts`; a multiple of all of them.
        rows, encoder_length, decoder_length, prefix_length: shape of a batch.
        vocab_size, d_model: of the network, where they do not vary; four layers a side, heads of 64 channels.
    """

    name: ClassVar[str] = "growth"

    store_megabytes: list[float]
    store_steps: int
    contexts: list[int]
    widths: list[int]
    processes: list[int]
    steps: int
    tokens: int
    rows: int
    encoder_length: int
    decoder_length: int
    prefix_length: int
    vocab_size: int
    d_model: int

    def __post_init__(self) -> None:
        for key, value in asdict(self).items():
            if any(each <= 0 for each in (value if isinstance(value, list) else [value])):
                raise StudyError(f"workload.{key}={value} must be positive")
        for context in self.contexts:
            if self.tokens % context:
                raise StudyError(
                    f"workload.tokens={self.tokens} must be a multiple of workload.contexts, not {context}"
                )
        for width in (self.d_model, *self.widths):
            if width % HEAD_WIDTH:
                raise StudyError(f"a width of {width} must be a multiple of {HEAD_WIDTH}, the width of a head")

    def run(self, bench: Bench) -> Result:
        """The corpus first: its memory is the headline."""
        found = Result([])
        for part in (self._stores, self._contexts, self._widths, self._processes):
            part(bench, found)
        if not found.lines:
            raise StudyError("workload.store_megabytes, contexts, widths and processes are all empty: name a point")
        return found

    def _stores(self, bench: Bench, found: Result) -> None:
        from lmstudy.data.corpus import prepare
        from lmstudy.data.tokenizer import token_bytes

        if not self.store_megabytes:
            return
        corpus = prepare(bench.data)
        found.data = corpus.fingerprint
        documents = grown_store.Model.of(corpus.splits["train"], token_bytes(corpus.tokenizer))
        vocab_size = corpus.tokenizer.get_vocab_size()
        shape = {key: getattr(self, key) for key in ("rows", "encoder_length", "decoder_length", "prefix_length")}
        points = []
        with tempfile.TemporaryDirectory(prefix="lmstudy-growth-") as folder:
            needed = documents.file_bytes(max(self.store_megabytes) * 1e6)
            bench.tell(f"growth writes up to {needed / 1e6:,.0f} MB at once to {folder} and removes it again")
            grown_store.check_room(Path(folder), needed)
            for megabytes in self.store_megabytes:
                bench.tell(f"growth: training on {megabytes:g} MB of text")
                file = Path(folder) / "train.arrow"
                grown_store.write(file, documents, megabytes * 1e6, vocab_size)
                settings = {"file": str(file), "shape": shape, "vocab_size": vocab_size,
                            "model": _sizes(self.d_model), "steps": self.store_steps}  # fmt: skip
                point = measure(f"{POINTS}.steps_on_store", settings, bench.threads)
                points.append({"megabytes": megabytes, "file_bytes": file.stat().st_size, **point})
                file.unlink()
        found.lines += store_lines(points)
        found.samples.append({"stores": points})

    def _contexts(self, bench: Bench, found: Result) -> None:
        points = []
        for context in self.contexts:
            bench.tell(f"growth: context {context}")
            point = self._full_rows(bench, self.tokens // context, context, context, self.d_model)
            points.append({"context": context, **point})
        found.lines += step_lines(points, "context")
        found.samples.append({"contexts": points})

    def _widths(self, bench: Bench, found: Result) -> None:
        points = []
        for width in self.widths:
            bench.tell(f"growth: width {width}")
            point = self._full_rows(bench, self.rows, self.encoder_length, self.decoder_length, width)
            points.append({"width": width, **point})
        found.lines += step_lines(points, "width")
        for point in points:
            value = float(point["parameters"])
            found.lines.append(Line(f"parameters_width_{point['width']}", "parameters", value=value))
        found.samples.append({"widths": points})

    def _processes(self, bench: Bench, found: Result) -> None:
        points = []
        for count in self.processes:
            bench.tell(f"growth: {count} training at once, a thread each")
            settings = self._settings(self.rows, self.encoder_length, self.decoder_length, self.d_model)
            together = measure_together(f"{POINTS}.steps_on_full_rows", [settings] * count, threads=1)
            rate = sum(each["tokens"] * len(each["seconds"]) / sum(each["seconds"]) for each in together)
            points.append({"processes": count, "tokens_per_second": rate, "each": together})
            name = f"tokens_per_second_{count}_processes"
            found.lines.append(Line(name, "tokens/s", value=rate, better="higher"))
        if len(points) > 1:
            ratio = points[-1]["tokens_per_second"] / points[0]["tokens_per_second"]
            name = f"speed_up_{self.processes[-1]}_over_{self.processes[0]}_processes"
            found.lines.append(Line(name, "x", value=ratio, better="higher"))
        found.samples.append({"processes": points})

    def _full_rows(self, bench: Bench, rows: int, encoder: int, decoder: int, width: int) -> dict[str, Any]:
        return measure(f"{POINTS}.steps_on_full_rows", self._settings(rows, encoder, decoder, width), bench.threads)

    def _settings(self, rows: int, encoder: int, decoder: int, width: int) -> dict[str, Any]:
        return {"rows": rows, "encoder_length": encoder, "decoder_length": decoder, "vocab_size": self.vocab_size,
                "model": _sizes(width), "steps": self.steps}  # fmt: skip


def _sizes(width: int) -> dict[str, int]:
    """A network of the study's proportions."""
    return {"d_model": width, "heads": width // HEAD_WIDTH, "d_ff": width * 11 // 4, **DEPTHS}


def store_lines(points: Sequence[Mapping[str, Any]]) -> list[Line]:
    """Memory at the last size over that at the first, then memory and speed of each."""
    first, last = points[0], points[-1]
    lines = []
    for name, key in (("memory_growth", "VmHWM"), ("memory_growth_without_file_pages", "RssAnon")):
        if key in first["memory"]["end"]:
            ratio = last["memory"]["end"][key] / first["memory"]["end"][key]
            lines.append(
                Line(name, f"x, {last['megabytes']:g} / {first['megabytes']:g} MB", value=ratio, better="lower")
            )
    for point in points:
        case = f"{point['megabytes']:g}_megabytes"
        for name, key in (("peak_memory", "VmHWM"), ("own_memory", "RssAnon"), ("file_pages", "RssFile")):
            if key in point["memory"]["end"]:
                lines.append(Line(f"{name}_{case}", "MiB", value=point["memory"]["end"][key], better="lower"))
        rate, wait = point["tokens_per_second"], point["first_batch_seconds"]
        lines.append(Line(f"tokens_per_second_{case}", "tokens/s", value=rate, better="higher"))
        lines.append(Line(f"first_batch_{case}", "s", value=wait, better="lower"))
    return lines


def step_lines(points: Sequence[Mapping[str, Any]], key: str) -> list[Line]:
    """Median seconds of a step at each size named by `key`, and the slope of the logarithms."""
    lines, medians = [], [float(np.median(point["seconds"])) for point in points]
    if len({point[key] for point in points}) > 1:
        found = log_log_slope([point[key] for point in points], medians)
        lines.append(Line(f"step_slope_{key}", f"log s / log {key}", value=found.value, low=found.low, high=found.high))
    for point, seconds in zip(points, medians, strict=True):
        lines.append(Line(f"seconds_per_step_{key}_{point[key]}", "s", value=seconds, better="lower"))
    return lines
