"""TensorBoard: the curves of a run as event files, and what TensorBoard's own reader finds in a folder of them."""

from __future__ import annotations

from pathlib import Path

from lmstudy.errors import StudyError
from lmstudy.runs.records import Record

RUN = "run"
"""The tag of the text that says which run the events are of."""


def write(record: Record, folder: Path) -> Path:
    """The curves of a record as an event file, as `logger=tensorboard` writes them while a run trains; its folder."""
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(folder)) as writer:
        writer.add_text(RUN, record.id)
        for tag, curve in record.curves.items():
            for step, value in zip(curve["step"], curve["value"], strict=True):
                writer.add_scalar(tag, value, step)
    return folder


def read(folder: Path, tags: tuple[str, ...], run: str | None = None) -> dict[str, dict[float, float]]:
    """Scalars by tag: value by step, as TensorBoard shows them.

    Args:
        folder: with event files.
        tags: which scalars.
        run: the id of the run that they must be of; None: of any.

    Raises:
        StudyError: TensorBoard is not installed; or the folder has no event file, is of another run, or lacks a tag.
    """
    try:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    except ImportError:
        raise StudyError("TensorBoard is not installed: pip install 'lmstudy[tensorboard]'") from None
    if not list(folder.glob("events.out.tfevents.*")):
        raise StudyError(f"{folder}: no event file of TensorBoard in it; lmstudy-train logger=tensorboard writes them")
    events = EventAccumulator(str(folder)).Reload()
    if run is not None:
        written = f"{RUN}/text_summary"
        texts = events.Tensors(written) if written in events.Tags()["tensors"] else []
        found = [text.tensor_proto.string_val[0].decode() for text in texts]
        if found != [run]:
            raise StudyError(f"{folder}: its events are of run {', '.join(found) or 'no name'}, not of {run}")
    known = events.Tags()["scalars"]
    if missing := [tag for tag in tags if tag not in known]:
        raise StudyError(f"{folder}: no scalar {missing[0]} in its events; it has {', '.join(sorted(known)) or 'none'}")
    return {tag: {float(event.step): float(event.value) for event in events.Scalars(tag)} for tag in tags}
