"""One runner for notebooks: papermill with strict parameters, progress, clear failures, atomic output."""

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.exceptions import PapermillExecutionError, strip_color

from lmstudy.errors import StudyError
from lmstudy.publishing.kernel import this_interpreter_as_kernel
from lmstudy.publishing.parameters import check_parameters, read_notebook

CELL_TIMEOUT_S = 4 * 3600
OUTPUT_TIMEOUT_S = 600
"""Within which the outputs of a cell that has ended must come: on a busy machine the usual four seconds are too few."""
TRACEBACK_LINES = 12


def run_notebook(
    path: Path,
    output: Path,
    parameters: Mapping[str, Any],
    metadata: Callable[[list[str]], Mapping[str, Any]] | None = None,
    show: Callable[[str], None] = lambda state: None,
) -> None:
    """Execute `path` with `parameters` injected and write the result to `output`, whole or not at all.

    The kernel is this interpreter and works in the caller's current folder. What `metadata`, if given, makes of
    the ids of the records that the notebook read is kept under `lmstudy` in the output's metadata. What it is
    doing is given to `show`, such as "cell 3/12".

    Raises StudyError for a parameter that the notebook does not declare or that has another type, and for
    a cell that fails: the message shows the cell's number, its source and the end of the traceback. Then an
    earlier `output` stays as it was, and the notebook up to the failure is left at `OUTPUT.failed.ipynb`.
    """
    check_parameters(path, parameters)
    output.parent.mkdir(parents=True, exist_ok=True)
    partial = output.with_name(f".{output.stem}.{os.getpid()}.partial.ipynb")
    failed = output.with_name(f"{output.stem}.failed.ipynb")
    try:
        read = _execute(path, partial, dict(parameters), show)
        notebook = nbformat.read(partial, as_version=4)
        # The temporary name and the absolute path of this machine are of no use to a reader.
        notebook.metadata.papermill.update({"input_path": path.name, "output_path": output.name})
        for cell in notebook.cells:  # nor is when each cell began and ended, in notebooks that readers download
            cell.metadata = {
                key: value for key, value in cell.metadata.items() if key not in ("papermill", "execution")
            }
        if metadata:
            notebook.metadata["lmstudy"] = dict(metadata(read))
        nbformat.write(notebook, partial)
        partial.replace(output)
        failed.unlink(missing_ok=True)
    except StudyError as error:
        if partial.exists():
            partial.replace(failed)
            raise StudyError(f"{error}\nThe notebook up to the failure: {failed}") from None
        raise
    finally:
        partial.unlink(missing_ok=True)


def _execute(path: Path, output: Path, parameters: dict[str, Any], show: Callable[[str], None]) -> list[str]:
    """Run the notebook; the ids of the records that it read, sorted."""
    sources = [cell.source for cell in read_notebook(path).cells]
    injected = 1 if parameters else 0  # papermill adds a cell after the tagged one; count without it
    with (
        tempfile.NamedTemporaryFile("r", encoding="utf-8", prefix="lmstudy-read-") as read,
        this_interpreter_as_kernel(LMSTUDY_READ=read.name) as kernel,
    ):

        def begins(cell: Any, cell_index: int) -> None:
            show(f"cell {max(1, cell_index + 1 - injected)}/{len(sources)}")

        try:
            papermill.execute_notebook(
                str(path),
                str(output),
                parameters=parameters,
                kernel_name=kernel.name,
                language="python",
                progress_bar=False,
                execution_timeout=CELL_TIMEOUT_S,
                iopub_timeout=OUTPUT_TIMEOUT_S,
                start_timeout=180,
                on_cell_start=begins,
                config=kernel.config,
            )
        except PapermillExecutionError as error:
            raise StudyError(_failure(path, error, sources, injected)) from None
        except DeadKernelError:
            raise StudyError(f"{path}: the kernel died (out of memory?)") from None
        except CellTimeoutError:
            raise StudyError(f"{path}: a cell ran for more than {CELL_TIMEOUT_S / 3600:.0f} hours") from None
        show(f"{len(sources)} cells")
        return sorted(set(read.read().split()))


def _failure(path: Path, error: PapermillExecutionError, sources: list[str], injected: int) -> str:
    """What failed, in which of the cells as they are written."""
    places = (error.cell_index - injected, error.cell_index)
    number = 1 + next((i for i in places if sources[i : i + 1] == [error.source]), error.cell_index)
    trace = strip_color("\n".join(error.traceback)).splitlines() or [f"{error.ename}: {error.evalue}"]
    source = "\n".join(f"    {line}" for line in error.source.splitlines())
    tail = "\n".join(f"    {line}".rstrip() for line in trace[-TRACEBACK_LINES:])
    head = f"{path}: cell {number} of {len(sources)} failed with {error.ename}: {error.evalue}"
    return f"{head}\n  its source:\n{source}\n  the end of its traceback:\n{tail}"
