"""The book's notebooks: run those whose inputs have changed since they were last run."""

import json
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from lmstudy.errors import StudyError
from lmstudy.publishing.fingerprint import files_under, fingerprint
from lmstudy.publishing.imports import Imports
from lmstudy.publishing.parameters import declared_parameters, read_notebook
from lmstudy.publishing.side_by_side import Job, run_jobs


def find_notebooks(folder: Path, only: Sequence[str] = ()) -> list[Path]:
    """The notebooks of `folder` that the book's table of contents lists, in order; with `only`, those it names (suffix
    optional).

    Raises StudyError for a name in `only` that no notebook of the book has.
    """
    there = {path.stem: path for path in files_under(folder, "*.ipynb")}
    known = {stem: path for stem, path in there.items() if stem in listed_in_contents(folder, there)}
    for name in only:
        if Path(name).name.removesuffix(".ipynb") not in known:
            raise StudyError(f"no notebook '{name}' in {folder} (there are: {', '.join(known) or 'none'})")
    wanted = {Path(name).name.removesuffix(".ipynb") for name in only} or set(known)
    return [path for stem, path in known.items() if stem in wanted]


def listed_in_contents(folder: Path, there: Collection[str]) -> Collection[str]:
    """The notebooks that `book/_toc.yml` beside a folder lists; all that are there where that file is not."""
    contents = folder.parent / "book" / "_toc.yml"
    if not contents.exists():
        return there
    return re.findall(r"file: *[\"']?notebooks/([^\s\"']+)", contents.read_text(encoding="utf-8"))


def made_from(root: Path, key: str, read: Collection[str]) -> dict[str, Any]:
    """What an executed notebook remembers: its key, the ids of the records that it read, and their fingerprint.

    A record that is new or gone counts for every notebook: one that looked for it in vain could not tell of it.
    """
    published = files_under(root / "book" / "records", "*.json")
    its = [path for path in published if path.stem.rpartition("-")[2] in read]
    return {"key": key, "read": read, "records": fingerprint(root, its, *(path.name for path in published))}


def up_to_date(root: Path, output: Path, key: str) -> bool:
    """Whether `output` was made from what `key` stands for, and the records that it read are as they were."""
    try:
        remembered = read_notebook(output).metadata.get("lmstudy", {})
    except StudyError:  # not there, or half written
        return False
    return remembered == made_from(root, key, remembered.get("read", []))


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

    Of the `common` parameters, and of its `own` by its name, a notebook gets those it declares with another value.
    One that the table of contents does not list, such as a copy, is named on stderr and left out. A notebook is
    skipped, unless `fresh`, where nothing has changed that it depends on: its file, these parameters, the modules
    that it can come to, the configuration, the records that it read, and `extra`: what the caller knows besides, such
    as the identities of runs and the fingerprints of data. Several run at a time. Raises StudyError if any fails, with
    what each says that did; the others are run, and kept.
    """
    jobs = []
    imports, configuration = Imports(root), files_under(root / "conf", "**/*.yaml")
    found = find_notebooks(root / "notebooks", only)
    if strays := [path.name for path in files_under(root / "notebooks", "*.ipynb") if path not in found and not only]:
        print(f"  not in book/_toc.yml, and left out: {', '.join(strays)}", file=sys.stderr)
    for notebook in found:
        declared = declared_parameters(notebook)
        given = {**common, **(own or {}).get(notebook.stem, {})}
        # One that is the default already would only be a second cell of parameters on the page.
        parameters = {name: value for name, value in given.items() if value != declared.get(name, value)}
        files = [notebook, *imports.of(notebook), *configuration]
        key = fingerprint(root, files, json.dumps(parameters, sort_keys=True), extra)
        output = out / notebook.name
        if not fresh and up_to_date(root, output, key):
            print(f"  {notebook.name:<34} unchanged")
            continue
        jobs.append(Job(notebook, output, parameters, partial(made_from, root, key)))
    run_jobs(jobs)
    return [job.path.name for job in jobs]
