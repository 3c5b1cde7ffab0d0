"""From data to the built book: every stage is done again only when what it depends on has changed."""

from collections.abc import Sequence
from pathlib import Path

import lmstudy
from lmstudy.errors import StudyError
from lmstudy.publishing import pages as jupyter_book
from lmstudy.publishing.notebooks import find_notebooks, run_all
from lmstudy.publishing.stages import Stages
from lmstudy.study import needs


def checkout() -> Path:
    """The folder that holds `book/` and `notebooks/`: the current one, or the one of the package."""
    for folder in (Path.cwd(), Path(lmstudy.__file__).resolve().parents[1]):
        if (folder / "book" / "_config.yml").exists():
            return folder
    raise StudyError(f"{Path.cwd()}: no book/_config.yml here; run this from the root of a checkout")


def build_book(
    root: Path,
    *,
    budget: str,
    seed: int | None = None,
    only: Sequence[str] = (),
    train: bool = True,
    fresh: bool = False,
) -> Path:
    """Build the book of the checkout `root`; its index page.

    Prepares data and trains what is missing at `budget` (with `train` False, a missing run is an error),
    executes notebooks whose inputs have changed (all with `fresh`; only those named, with `only`), recomputes the
    claims, builds the pages and checks their links. Prints each stage, and at the end how long each took.

    Raises StudyError at the first stage that fails; what was there before stays.
    """
    find_notebooks(root / "notebooks", only)  # a misspelt name should not wait for training
    common = {} if seed is None else {"seed": seed}
    # Only the notebooks whose runs are trained here: comparisons show the published ones, whatever the budget.
    own = {need.notebook: {"budget": budget} for need in needs.NEEDS}
    stages = Stages(total=5)
    try:
        with stages.stage("data and runs"):
            extra = _prepare_and_train(budget, train, only, seed)
        with stages.stage("notebooks"):
            run_all(root, root / "book" / "notebooks", common, own=own, extra=extra, only=only, fresh=fresh)
        with stages.stage("claims"):
            _check_claims(root)
        key = jupyter_book.pages_key(root)
        if jupyter_book.up_to_date(root, key):
            stages.total = 3
            print("      pages and links             unchanged")
        else:
            with stages.stage("pages"):
                html = jupyter_book.build_pages(root)
            with stages.stage("links"):
                jupyter_book.check_links(html)
                jupyter_book.publish(root, html, key)
    finally:
        print(stages.table(), flush=True)
    return jupyter_book.index_page(root)


def _prepare_and_train(budget: str, train: bool, only: Sequence[str], seed: int | None) -> str:
    from lmstudy.study.needs import prepare_and_train  # torch, lightning

    return prepare_and_train(budget, train=train, only=[name.removesuffix(".ipynb") for name in only], seed=seed)


def _check_claims(root: Path) -> None:
    from lmstudy.runs.records import load_folder
    from lmstudy.show.claims import problem
    from lmstudy.study.claims import evaluate_claims

    results = evaluate_claims(load_folder(root / "book" / "records"))
    failing = [f"  {result.id}: {problem(result)}" for result in results if result.fails]
    if failing:
        raise StudyError("these claims of the book fail:\n" + "\n".join(failing))
    print(f"  {len(results)} claims agree with the records")
