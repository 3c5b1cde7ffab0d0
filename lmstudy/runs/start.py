"""What a run starts from: the weights of a finished run of the same data and shape."""

from pathlib import Path

from safetensors.torch import load_file
from torch import nn

from lmstudy.errors import StudyError
from lmstudy.runs.folders import find_folder
from lmstudy.runs.lifecycle import WEIGHTS
from lmstudy.runs.records import load


def load_start(model: nn.Module, start: str, runs: Path, data: str) -> None:
    """Read the weights of the run named `start` into a model whose tokens are those of the corpus `data`.

    Raises:
        StudyError: there is no such run, its weights are gone, or its corpus or its shape is another one.
    """
    folder = find_folder(start, runs, kind="train", key="start")
    record = load(folder / "record.json")
    if record.data != data:
        raise StudyError(
            f"start={start}: {record.name} learned the tokens of data {record.data}, this run has data {data}; "
            "give both the same data"
        )
    weights = folder / WEIGHTS
    if not weights.exists():
        raise StudyError(f"start={start}: {weights} is missing, only the record is left; train that run again")
    try:
        found = load_file(weights)
    except Exception as error:
        again = "train that run again under another runs=FOLDER"
        raise StudyError(f"start={start}: {weights} is damaged ({error}): {again}") from error
    try:
        model.load_state_dict(found)
    except RuntimeError as error:
        reason = str(error).splitlines()[1:2] or [str(error)]
        raise StudyError(
            f"start={start}: the weights of {record.name} do not fit this model ({reason[0].strip()}); "
            "give both the same model, embedding and budget"
        ) from error
