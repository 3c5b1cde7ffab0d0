"""The book's notebooks: run those whose inputs have changed since they were last run."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lmstudy.errors import StudyError
from lmstudy.publishing.fingerprint import files_under, fingerprint
from lmstudy.publishing.parameters import declared_parameters, read_notebook


def find_notebooks(folder: Path, only: Sequence[str] = ()) -> list[Path]:
    """The notebooks `NN_topic.ipynb` of `folder` in order; with `only`, those it names (suffix optional).

    Raises StudyError for a name in `only` that no notebook has.
    """
    known = {path.stem: path for path in files_under(folder, "*.ipynb")}
    for name in only:
        if Path(name).name.removesuffix(".ipynb") not in known:
            raise StudyError(f"no notebook '{name}' in {folder} (there are: {', '.join(known) or 'none'})")
    wanted = {Path(name).name.removesuffix(".ipynb") for name in only} or set(known)
    return [path for stem, path in known.items() if stem in wanted]


def notebook_key(root: Path, notebook: Path, parameters: Mapping[str, Any], extra: str) -> str:
    """Fingerprint of all that a notebook's output depends on.

    The notebook, its parameters, the package, the configuration, the published records, and `extra`: what
    the caller knows besides, such as the identities of runs and the fingerprints of data.
    """
    files = [
        notebook,
        *files_under(root / "lmstudy", "**/*.py"),
        *files_under(root / "conf", "**/*.yaml"),
        *files_under(root / "book" / "records", "**/*"),
    ]
    return fingerprint(root, files, json.dumps(dict(parameters), sort_keys=True), extra)


def stored_key(output: Path) -> str | None:
    """The key with which `output` was made; None when it is not there or was made in another way."""
    if not output.exists():
        return None
    try:
        return read_notebook(output).metadata.get("lmstudy", {}).get("key")
    except StudyError:
        return None


def run_all(
    root: Path,
    out: Path,
    common: Mapping[str, Any],
    *,
    own: Mapping[str, Mapping[str, Any]] | None = None,
    extra: str = "",
    only: Sequence[str] = (),
    fresh: bool = False,
) -> list[str]:
    """Bring the executed notebooks in `out` up to date with `root/notebooks`; the names of those that ran.

    Of the `common` parameters, and of its `own` by its name, a notebook gets those it declares. A notebook whose key
    is unchanged is skipped, unless `fresh`. Raises StudyError at the first that fails; those before it are kept.
    """
    ran = []
    for notebook in find_notebooks(root / "notebooks", only):
        declared = declared_parameters(notebook)
        given = {**common, **(own or {}).get(notebook.stem, {})}
        parameters = {name: value for name, value in given.items() if name in declared}
        key = notebook_key(root, notebook, parameters, extra)
        output = out / notebook.name
        if not fresh and stored_key(output) == key:
            print(f"  {notebook.name:<34} unchanged")
            continue
        from lmstudy.publishing.papermill import run_notebook  # papermill, only where something is to be run

        run_notebook(notebook, output, parameters, metadata={"key": key})
        ran.append(notebook.name)
    return ran
