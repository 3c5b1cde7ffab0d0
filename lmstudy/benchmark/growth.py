"""Workload `growth`: how the cost of training grows with context, corpus, width and processes. There is no peer."""

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from pydantic import PositiveFloat, PositiveInt

from lmstudy.benchmark import grown_store
from lmstudy.benchmark.contenders.ours import BareTraining
from lmstudy.benchmark.processes import measure, measure_together, status_mib, wait_for_others
from lmstudy.benchmark.ratios import log_log_slope
from lmstudy.benchmark.result import Bench, Line, Result
from lmstudy.benchmark.settings import Rows
from lmstudy.data import tables
from lmstudy.data.batch import Seq2SeqBatch, Shape
from lmstudy.data.corpus import prepare
from lmstudy.data.datamodule import Phase, TrainingBatches
from lmstudy.data.examples import PrefixLM
from lmstudy.data.store import TokenStore
from lmstudy.data.tokenizer import SPECIAL_TOKENS, token_bytes
from lmstudy.errors import StudyError
from lmstudy.models.transformer import Seq2SeqTransformer
from lmstudy.preferences.objectives.mle import MLE
from lmstudy.training.allocator import keep_freed_memory
from lmstudy.training.optimizers import AdamW

STEPS = f"{__name__}.steps_on_full_rows"
DEPTHS = {"encoder_layers": 4, "decoder_layers": 4}
HEAD_WIDTH = 64
WARM_UP = 3
"""Steps that do not count: allocations, first touches."""


@dataclass(frozen=True)
class Growth(Rows):
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

    store_megabytes: list[PositiveFloat]
    store_steps: PositiveInt
    contexts: list[PositiveInt]
    widths: list[PositiveInt]
    processes: list[PositiveInt]
    steps: PositiveInt
    tokens: PositiveInt
    vocab_size: PositiveInt
    d_model: PositiveInt

    def __post_init__(self) -> None:
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
        if not self.store_megabytes:
            return
        corpus = prepare(bench.data)
        found.data = corpus.fingerprint
        documents = grown_store.Model.of(corpus.splits["train"], token_bytes(corpus.tokenizer))
        vocab_size = corpus.tokenizer.get_vocab_size()
        points = []
        with tempfile.TemporaryDirectory(prefix="lmstudy-growth-") as folder:
            needed = documents.file_bytes(max(self.store_megabytes) * 1e6)
            bench.tell(f"growth writes up to {needed / 1e6:,.0f} MB at once to {folder} and removes it again")
            grown_store.check_room(Path(folder), needed)
            for megabytes in self.store_megabytes:
                bench.tell(f"growth: training on {megabytes:g} MB of text")
                file = Path(folder) / "train.arrow"
                grown_store.write(file, documents, megabytes * 1e6, vocab_size)
                settings = {"file": str(file), "shape": self.shape, "vocab_size": vocab_size,
                            "model": _network(self.d_model), "steps": self.store_steps}  # fmt: skip
                point = measure(f"{__name__}.steps_on_store", settings, bench.threads)
                points.append({"megabytes": megabytes, "file_bytes": file.stat().st_size, **point})
                file.unlink()
        found.lines += store_lines(points)
        found.samples.append({"stores": points})

    def _contexts(self, bench: Bench, found: Result) -> None:
        shapes = [{"rows": self.tokens // n, "encoder_length": n, "decoder_length": n} for n in self.contexts]
        self._sizes(bench, found, "context", self.contexts, [self._settings(**shape) for shape in shapes])

    def _widths(self, bench: Bench, found: Result) -> None:
        points = self._sizes(bench, found, "width", self.widths, [self._settings(width) for width in self.widths])
        for point in points:
            value = float(point["parameters"])
            found.lines.append(Line(f"parameters_width_{point['width']}", "parameters", value=value))

    def _sizes(
        self, bench: Bench, found: Result, key: str, sizes: Sequence[int], settings: Sequence[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """A point for each size of what `key` names."""
        points = []
        for size, given in zip(sizes, settings, strict=True):
            bench.tell(f"growth: {key} {size}")
            points.append({key: size, **measure(STEPS, given, bench.threads)})
        found.lines += step_lines(points, key)
        found.samples.append({f"{key}s": points})
        return points

    def _processes(self, bench: Bench, found: Result) -> None:
        points = []
        for count in self.processes:
            bench.tell(f"growth: {count} training at once, a thread each")
            together = measure_together(STEPS, [self._settings()] * count, threads=1)
            rate = sum(each["tokens"] * len(each["seconds"]) / sum(each["seconds"]) for each in together)
            points.append({"processes": count, "tokens_per_second": rate, "each": together})
            name = f"tokens_per_second_{count}_processes"
            found.lines.append(Line(name, "tokens/s", value=rate, better="higher"))
        if len(points) > 1:
            ratio = points[-1]["tokens_per_second"] / points[0]["tokens_per_second"]
            name = f"speed_up_{self.processes[-1]}_over_{self.processes[0]}_processes"
            found.lines.append(Line(name, "x", value=ratio, better="higher"))
        found.samples.append({"processes": points})

    def _settings(self, width: int | None = None, **shape: int) -> dict[str, Any]:
        """What `steps_on_full_rows` is given, at other than this shape or width."""
        usual = {key: self.shape[key] for key in ("rows", "encoder_length", "decoder_length")}
        model = _network(width or self.d_model)
        return {**usual, **shape, "vocab_size": self.vocab_size, "model": model, "steps": self.steps}


def _network(width: int) -> dict[str, Any]:
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
        lines.append(Line.of(f"step_slope_{key}", f"log s / log {key}", found))
    for point, seconds in zip(points, medians, strict=True):
        lines.append(Line(f"seconds_per_step_{key}_{point[key]}", "s", value=seconds, better="lower"))
    return lines


def _training(model: dict[str, Any], vocab_size: int, positions: int, steps: int) -> BareTraining:
    torch.manual_seed(0)
    keep_freed_memory()  # as the product's trainer does
    return BareTraining(Seq2SeqTransformer(vocab_size, positions, **model), MLE(), AdamW(), steps)


def _full_rows(rows: int, encoder_length: int, decoder_length: int, vocab_size: int) -> Seq2SeqBatch:
    """One example a row, without padding; what the tokens are does not change the time of a step."""

    def draw(length: int) -> torch.Tensor:
        return torch.randint(len(SPECIAL_TOKENS), vocab_size, (rows, length))

    encoder, decoder = draw(encoder_length), draw(decoder_length)
    return Seq2SeqBatch(
        encoder_tokens=encoder,
        encoder_documents=torch.ones_like(encoder),
        decoder_tokens=decoder,
        decoder_documents=torch.ones_like(decoder),
        labels=draw(decoder_length),
        target_tokens=torch.tensor(decoder.numel()),
        groups=torch.zeros_like(decoder),
    )


def steps_on_full_rows(
    *, rows: int, encoder_length: int, decoder_length: int, vocab_size: int, model: dict[str, Any], steps: int
) -> dict[str, Any]:
    """Seconds of each training step, tokens of a step (both sides), and parameters."""
    training = _training(model, vocab_size, max(encoder_length, decoder_length), WARM_UP + steps)
    batch = _full_rows(rows, encoder_length, decoder_length, vocab_size)
    for _ in range(WARM_UP):
        training.step(batch)
    wait_for_others()
    seconds = []
    for _ in range(steps):
        start = time.perf_counter()
        training.step(batch)
        seconds.append(time.perf_counter() - start)
    parameters = sum(p.numel() for p in training.model.parameters())
    return {"seconds": seconds, "tokens": rows * (encoder_length + decoder_length), "parameters": parameters}


def steps_on_store(
    *, file: str, shape: dict[str, int], vocab_size: int, model: dict[str, Any], steps: int
) -> dict[str, Any]:
    """Training on packed documents from all over a tokenised split on disk.

    Returns the number of documents, target tokens a second (after the first batch), seconds to the first batch, and
    the memory of the process in MiB at the `end` (see `status_mib`).
    """
    training = _training(model, vocab_size, max(shape["encoder_length"], shape["decoder_length"]), steps + 1)
    training.step(_full_rows(shape["rows"], shape["encoder_length"], shape["decoder_length"], vocab_size))
    start = time.perf_counter()
    store = TokenStore(tables.read(Path(file)))
    batches = iter(TrainingBatches([Phase(0, store)], PrefixLM(), Shape(**shape), seed=1))
    batch = next(batches)
    first = time.perf_counter() - start
    rates = []
    for _ in range(steps):
        start = time.perf_counter()
        training.step(batch)
        tokens, batch = int(batch.target_tokens), next(batches)
        rates.append(tokens / (time.perf_counter() - start))
    return {
        "documents": len(store),
        "tokens_per_second": float(np.median(rates)),
        "first_batch_seconds": first,
        "memory": {"end": status_mib()},
    }
