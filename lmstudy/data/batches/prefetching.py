"""The next batch is built, and copied to the GPU, while a step runs."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch import Tensor

from lmstudy.data.batch import Seq2SeqBatch


def to_device(batch: Seq2SeqBatch, device: torch.device) -> Seq2SeqBatch:
    """The batch on a device; numbers such as `target_tokens` stay where they are.

    They were counted by the CPU, and reading them from a GPU would make every step wait for the one before.
    """
    ahead = device.type == "cuda"
    return Seq2SeqBatch(*(field.to(device, non_blocking=ahead) if field.ndim else field for field in batch))


@dataclass
class BatchesAhead:
    """The same batches in the same order, on a device, the next one always under way.

    A thread builds it. For a CUDA device it also pins its memory and copies it on a stream of its own, beside the
    kernels of the step. An error of the thread is raised where its batch would have come. The thread ends with the
    iteration, however that ends.
    """

    batches: Iterable[Seq2SeqBatch]
    device: torch.device

    def __iter__(self) -> Iterator[Seq2SeqBatch]:
        source = iter(self.batches)
        cuda = self.device.type == "cuda"
        stream = torch.cuda.Stream(self.device) if cuda else None

        def build() -> tuple[Seq2SeqBatch, torch.cuda.Event | None] | None:
            batch = next(source, None)
            if batch is None:
                return None
            if stream is None:
                return to_device(batch, self.device), None
            with torch.cuda.stream(stream):
                pinned = Seq2SeqBatch(*(field.pin_memory() if field.ndim else field for field in batch))
                return to_device(pinned, self.device), stream.record_event()

        with ThreadPoolExecutor(1, thread_name_prefix="batches") as thread:
            coming = thread.submit(build)
            while built := coming.result():
                coming = thread.submit(build)
                yield _received(*built)


def _received(batch: Seq2SeqBatch, copied: "torch.cuda.Event | None") -> Seq2SeqBatch:
    """The batch, for the stream that computes: it waits for the copy, and the memory is kept until it has used it."""
    if copied is not None:
        fields: list[Tensor] = [field for field in batch if field.is_cuda]
        stream = torch.cuda.current_stream(fields[0].device)
        stream.wait_event(copied)
        for field in fields:
            field.record_stream(stream)
    return batch
