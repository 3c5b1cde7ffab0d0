"""From data to the built book: every stage is done again only when what it depends on has changed."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import lmstudy
from lmstudy.compose import check_budget
from lmstudy.errors import StudyError
from lmstudy.publishing import needs, pages
from lmstudy.publishing.edition_links import link_editions, share_models
from lmstudy.publishing.editions import environment, write_sources
from lmstudy.publishing.notebooks import find_notebooks, run_all


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
    editions: Sequence[str] = ("en",),
    draft: bool = False,
) -> Path:
    """Build the book of the checkout `root`; its index page, of the first of the `editions`.

    Prepares data and trains what is missing at `budget` (with `train` False, a missing run is an error),
    executes notebooks whose inputs have changed (all with `fresh`; only those named, with `only`), recomputes the
    claims, builds the pages and checks their links. Prints each stage, and at the end how long each took. Of an edition
    in another language, a `draft` says in English what has no translation.

    Raises StudyError at the first stage that fails; what was there before stays.
    """
    find_notebooks(root / "notebooks", only)  # a misspelt name should not wait for training
    check_budget(budget)
    if seed is not None and not 0 <= seed < 2**32:
        raise StudyError(f"--seed {seed}: a whole number is wanted, 0 to {2**32 - 1}")
    common = {} if seed is None else {"seed": seed}
    # Only the notebooks whose runs are trained here: comparisons show the published ones, whatever the budget.
    own = {need.notebook: {"budget": budget} for need in needs.NEEDS}
    stages = Stages(total=3 + 2 * len(editions))
    try:
        with stages.stage("data and runs"):
            names = [name.removesuffix(".ipynb") for name in only]
            extra = needs.prepare_and_train(budget, train=train, only=names, seed=seed)
        with stages.stage("notebooks"):
            run_all(root, root / "book" / "notebooks", common, own=own, extra=extra, only=only, fresh=fresh)
        with stages.stage("claims"):
            _check_claims(root)
        for edition in editions:
            _build_edition(root, edition, stages, draft=draft)
        link_editions(pages.index_page(root).parent)
        share_models(pages.index_page(root).parent)
    finally:
        print(stages.table(), flush=True)
    return pages.index_page(root, editions[0])


def _build_edition(root: Path, edition: str, stages: "Stages", *, draft: bool) -> None:
    """The pages of one edition, unless they are there."""
    name = "" if edition == "en" else f", {edition}"
    key = pages.pages_key(root, edition, *(["draft"] if draft and edition != "en" else []))
    if pages.up_to_date(root, key, edition):
        stages.total -= 2
        print(f"      {f'pages and links{name}':<27} unchanged")
        return
    with stages.stage(f"pages{name}"):
        if edition == "en":
            html = pages.build_pages(root)
        else:
            sources = write_sources(root, draft=draft)
            html = pages.build_pages(root, sources, environment(root, draft=draft))
    with stages.stage(f"links{name}"):
        pages.check_links(html)
        pages.publish(root, html, key, edition)


class Stages:
    """Announces each stage as it begins, and adds up its wall-clock seconds."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Run a block as the stage `name`; its time is kept even when it fails."""
        print(f"[{len(self.seconds) + 1}/{self.total}] {name}", flush=True)
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = time.perf_counter() - started

    def table(self) -> str:
        """A line for each stage and one for the sum, in seconds."""
        rows = [*self.seconds.items(), ("total", sum(self.seconds.values()))]
        return "\n".join(f"  {name:<28} {seconds:8.1f} s" for name, seconds in rows)


def _check_claims(root: Path) -> None:
    from lmstudy.publishing.known_claims import check_claims  # here, since statistics are slow to import

    count, known = check_claims(root)
    print(f"  {count} claims agree with the records{' (unchanged)' if known else ''}")
