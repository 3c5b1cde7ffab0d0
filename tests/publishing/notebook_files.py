"""Small notebooks for tests."""

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook


def write_notebook(
    path: Path, *cells: str, parameters: str | None = "seed = 1\nbudget = 'smoke'", **metadata: object
) -> Path:
    """A notebook of a title, a parameters cell (unless None) and code `cells`."""
    parts = [new_markdown_cell(f"# {path.stem}")]
    if parameters is not None:
        parts.append(new_code_cell(parameters, metadata={"tags": ["parameters"]}))
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=[*parts, *map(new_code_cell, cells)], metadata=metadata), path)
    return path


def outputs(path: Path) -> str:
    """What the code cells of an executed notebook printed."""
    cells = nbformat.read(path, as_version=4).cells
    return "".join(out.get("text", "") for cell in cells for out in cell.get("outputs", []))
