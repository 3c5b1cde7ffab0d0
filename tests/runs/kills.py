"""Kills works at random moments and looks at what they leave. It takes long, and is no part of the tests.

    python -m tests.runs.kills --kills 200
    python -m tests.runs.kills --kills 20 --kinds train dpo --seed 7
    python -m tests.runs.kills --kills 5 --kinds book
    python -m tests.runs.kills --kills 20 --full 20

With `--full`, works are also begun where no file may grow beyond a random size, as on a disk that fills.

A work is begun, killed (SIGKILL, with all its children), begun again by the same call, and so on until it is finished.
After every kill no file that has its final name may be cut, and no lock may be held. At the end the record must say
what that of a work says that nobody killed. What is wrong is printed, and the status is 1.
"""

import argparse
import json
import math
import multiprocessing
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from lmstudy.compose import compose_config
from lmstudy.data.cache import file_digest
from lmstudy.errors import StudyError
from lmstudy.runs.records import Record, load
from tests.conftest import ROOT, TINY

SAID = 3
"""Exit status of a work that could not write, and said which file and why."""
MOST_KILLS_A_LIFE = 6
"""Then the work may finish, so that its end is looked at, too."""
SPEEDS = ("per_second", "flops", "utilisation", "memory_peak")
"""Parts of the names of metrics that tell of the machine, not of what was learned."""


@dataclass(frozen=True)
class Kind:
    """A kind of work.

    Attributes:
        work: does it or goes on with it, in a folder of its own.
        prepare: puts what it needs into that folder, first.
        shared: whether it uses the cache that all works share, or one in its folder.
    """

    work: Callable[[Path], Any]
    prepare: Callable[[Path], Any] = lambda folder: None
    shared: bool = True


def kinds(base: Path) -> dict[str, Kind]:
    """All of them.

    Args:
        base: a folder for what several of them need.
    """
    source = base / "source"
    shutil.copytree(ROOT / "lmstudy" / "data", source, ignore=shutil.ignore_patterns("__pycache__"))
    corpus = [f"data.path={source}" if each.startswith("data.path=") else each for each in TINY]
    often = ["trainer.checkpoint_every=2", "trainer.log_every=1"]
    own = [each for each in corpus if not each.startswith(("budget.steps", "budget.evaluate_every", "budget.samples"))]

    def train(folder: Path) -> None:
        from lmstudy.runs.pretraining import train

        train(compose_config("train", [*corpus, *often, f"runs={folder}"]))

    def finetune(folder: Path) -> None:
        from lmstudy.runs.fine_tuning import fine_tune

        fast = ["steps=20", "evaluate_every=5", "batch=16", "optimizer.warmup_steps=2"]
        config = compose_config("finetune", [*own, *often, *fast, f"runs={folder}"])
        fine_tune({**config, "task": {"_target_": "tests.tasks.made_tasks.Echo"}})

    def reward(folder: Path) -> None:
        from lmstudy.runs.rewards import train_reward
        from tests.runs.test_rewards import TINY as SMALL

        config = compose_config("reward", [*SMALL, *often, f"runs={folder}"])
        train_reward({**config, "data": json.loads((base / "rated.json").read_text())})

    def with_base(folder: Path) -> None:
        shutil.copytree(base / "trained", folder)

    def dpo(folder: Path) -> None:
        from lmstudy.runs.dpo import train_dpo

        run = next((base / "trained").glob("*/record.json")).parent.name.rpartition("-")[2]
        small = ["samples=24", "pairs=8", "steps=8", "trainer.threads=1"]
        train_dpo(compose_config("dpo", [f"run='{run}'", *small, *often, f"runs={folder}"]))

    def prepare(folder: Path) -> None:
        from lmstudy.data.corpus import prepare

        prepare(compose_config("prepare", [each for each in corpus if each.startswith("data")])["data"])

    def checkout(folder: Path) -> None:
        kept = shutil.ignore_patterns(".*", "__pycache__", "_build", "runs", "build")
        shutil.copytree(ROOT, folder, ignore=kept)

    def book(folder: Path) -> None:
        call = [sys.executable, "-m", "lmstudy.commands.book", "--budget", "smoke", "--only", "01_corpus"]
        subprocess.run(call, cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)}, check=True)

    return {
        "train": Kind(train),
        "finetune": Kind(finetune),
        "reward": Kind(reward),
        "dpo": Kind(dpo, with_base),
        "prepare": Kind(prepare, shared=False),
        "book": Kind(book, checkout),
    }


def needed(base: Path, found: dict[str, Kind]) -> None:
    """What works begin with, made in a process of its own."""
    from tests.data.rated import rated_files, rated_settings
    from tests.runs.test_rewards import snippets

    cache = Path(os.environ["LMSTUDY_CACHE"])
    settings = rated_settings(cache, rated_files({"film": snippets(240, 0), "tweet": snippets(60, 1)}))
    settings["split"] = {"by": "document", "valid": 0.15, "test": 0.15}
    (base / "rated.json").write_text(json.dumps(settings))
    corpus = [each for each in TINY if not each.startswith("data.path=")]
    from lmstudy.runs.pretraining import train

    scored = ["scorer=pep8", "scorer.family=all", f"data.path={base / 'source'}"]
    train(compose_config("train", [*corpus, *scored, f"runs={base / 'trained'}"]))


def begun(kind: Kind, folder: Path, log: Path, largest: int | None = None) -> Any:
    """A process that does a work; it begins with all that is imported here, which spares seconds.

    Args:
        kind: of the work.
        folder: in which it is done.
        log: takes what it prints.
        largest: bytes that a file may have; then the process ends with `SAID` if it says what is wrong.
    """
    with log.open("a") as stream:
        writer = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=stream)  # of its own: the log may grow

    def run() -> None:
        os.setsid()  # what it starts is killed with it
        if not kind.shared:
            os.environ["LMSTUDY_CACHE"] = str(folder / "cache")
        if largest is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
        assert writer.stdin
        with open(writer.stdin.fileno(), "w", closefd=False) as said, redirect_stdout(said), redirect_stderr(said):
            try:
                kind.work(folder)
            except Exception as error:
                named = isinstance(error, StudyError) or (isinstance(error, OSError) and error.filename)
                traceback.print_exc()
                raise SystemExit(SAID if named and largest is not None else 1) from None

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    assert writer.stdin
    writer.stdin.close()
    return process


def killed(process: Any, after: float) -> bool:
    """Whether a process was killed after so many seconds; it may have ended before."""
    process.join(after)
    if process.exitcode is not None:
        return False
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)
        os.killpg(process.pid, signal.SIGKILL)
    process.join()
    return True


def torn(folder: Path) -> list[str]:
    """Files under their final names that are not whole, and locks that are held though nobody works."""
    wrong = []
    for path in (each for each in folder.rglob("*") if each.is_file()):
        relative, hidden = path.relative_to(folder), any(part.startswith(".") for part in path.parts)
        if path.name.endswith(".lock"):
            try:
                FileLock(path, timeout=0).acquire().lock.release()
            except Timeout:
                wrong.append(f"{relative}: held")
        elif hidden:
            continue
        elif path.name == "record.json":
            with_problem(wrong, relative, lambda path=path: load(path))
        elif path.suffix in (".json", ".ipynb"):
            with_problem(wrong, relative, lambda path=path: json.loads(path.read_text(encoding="utf-8")))
        elif path.suffix == ".ckpt":
            with_problem(wrong, relative, lambda path=path: zipfile.ZipFile(path).testzip())
        elif path.suffix == ".safetensors":
            with_problem(wrong, relative, lambda path=path: _weights(path))
    return wrong


def with_problem(wrong: list[str], path: Path, look: Callable[[], Any]) -> None:
    try:
        look()
    except Exception as error:
        wrong.append(f"{path}: {type(error).__name__}: {error}")


def _weights(path: Path) -> None:
    content = path.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    assert len(content) == 8 + int.from_bytes(content[:8], "little") + max(ends)


def left_over(folder: Path) -> list[str]:
    """What a finished work should have cleared away."""
    found = [path for pattern in (".*.tmp", "*.ckpt", ".*.partial*", "*.holder") for path in folder.rglob(pattern)]
    return [f"{path.relative_to(folder)}: left" for path in found]


def results(folder: Path) -> dict[str, Any]:
    """What a finished work has found: of its records, metrics and curves; of a corpus, the digests of its files."""
    found: dict[str, Any] = {}
    for path in sorted(folder.glob("*/record.json")):
        record: Record = load(path)
        found |= {f"{record.id} {name}": value for name, value in record.metrics.items()}
        found |= {f"{record.id} {name}": curve["value"] for name, curve in record.curves.items()}
        found |= {f"{record.id} {name} steps": curve["step"] for name, curve in record.curves.items()}
    for path in sorted(folder.glob("cache/corpora/*-*/*")):
        found[str(path.relative_to(folder))] = file_digest(path)
    for path in sorted(folder.glob("book/_build/html/*.html")):
        found[path.name] = "there"
    return {name: value for name, value in found.items() if not any(part in name for part in SPEEDS)}


def differing(first: dict[str, Any], second: dict[str, Any]) -> list[str]:
    """Names of what is not equal up to rounding."""

    def same(a: Any, b: Any) -> bool:
        if isinstance(a, list) and isinstance(b, list):
            return len(a) == len(b) and all(map(same, a, b))
        if isinstance(a, float) and isinstance(b, float):
            return math.isclose(a, b, rel_tol=1e-4, abs_tol=1e-7) or (math.isnan(a) and math.isnan(b))
        return bool(a == b)

    return [f"{name}: differs" for name in first.keys() | second.keys() if not same(first.get(name), second.get(name))]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    usual = ["train", "finetune", "reward", "dpo", "prepare"]
    parser.add_argument("--kills", type=int, default=20, metavar="N", help="in all (default: 20)")
    parser.add_argument(
        "--kinds", nargs="+", default=usual, choices=[*usual, "book"], help=f"(default: {' '.join(usual)})"
    )
    parser.add_argument("--full", type=int, default=0, metavar="N", help="disks that fill, in all (default: 0)")
    parser.add_argument("--minutes", type=float, default=math.inf, metavar="M", help="no work is begun after so many")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    given = parser.parse_args()
    import lmstudy.runs.dpo
    import lmstudy.runs.fine_tuning
    import lmstudy.runs.rewards  # noqa: F401  (once, for all that is forked; nothing is computed here)

    rng, began = random.Random(given.seed), time.monotonic()
    kills: Counter[str] = Counter()
    full: Counter[str] = Counter()
    works: Counter[str] = Counter()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="lmstudy-kills-") as name:
        base = Path(name)
        os.environ.update(LMSTUDY_CACHE=str(base / "cache"), WANDB_MODE="disabled", OMP_NUM_THREADS="1")
        found = kinds(base)
        making = begun(Kind(lambda folder: needed(base, found)), base, base / "needed.log")
        making.join()
        if making.exitcode:
            print((base / "needed.log").read_text())
            return 1
        whole: dict[str, tuple[dict[str, Any], float]] = {}
        while kills.total() + full.total() < given.kills + given.full and time.monotonic() - began < 60 * given.minutes:
            kind = given.kinds[works.total() % len(given.kinds)]
            if kind not in whole:
                whole[kind] = uninterrupted(found[kind], base / f"whole-{kind}")
            folder = base / "work"
            found[kind].prepare(folder)
            folder.mkdir(exist_ok=True)
            log, here = base / "work.log", 0
            log.write_text("")
            while True:
                spare = min(MOST_KILLS_A_LIFE - here, given.kills + given.full - kills.total() - full.total())
                if spare > 0 and rng.random() < given.full / (given.kills + given.full):
                    process = begun(found[kind], folder, log, largest=int(10 ** rng.uniform(1, 6.5)))
                    process.join()
                    if process.exitcode != SAID:
                        break  # finished within the size, or failed in another way
                    here, full[kind] = here + 1, full[kind] + 1
                else:
                    process = begun(found[kind], folder, log)
                    if not killed(process, rng.uniform(0, whole[kind][1]) if spare > 0 else 24 * 3600):
                        break
                    here, kills[kind] = here + 1, kills[kind] + 1
                wrong += [f"{kind}, kill {here}: {problem}" for problem in torn(folder)]
            works[kind] += 1
            problems = [*torn(folder), *left_over(folder), *differing(whole[kind][0], results(folder))]
            if process.exitcode:
                problems.append(f"ended with {process.exitcode}:\n{log.read_text()[-2000:]}")
            wrong += [f"{kind}, cut {here} times: {problem}" for problem in problems]
            print("".join(f"wrong: {problem}\n" for problem in problems), end="")
            print(f"{kind:<10} cut {here} times, {len(problems)} problems; {kills.total()} kills in all", flush=True)
            shutil.rmtree(folder)
    for problem in wrong:
        print(f"wrong: {problem}")
    told = ", ".join(f"{number} of {kind}" for kind, number in kills.items())
    filled = f" and {full.total()} full disks" if given.full else ""
    print(f"{kills.total()} kills ({told}){filled} in {works.total()} works: {len(wrong)} things wrong")
    return 1 if wrong else 0


def uninterrupted(kind: Kind, folder: Path) -> tuple[dict[str, Any], float]:
    """What a work finds that nobody kills, and the seconds that it takes."""
    kind.prepare(folder)
    folder.mkdir(exist_ok=True)
    log, since = folder.with_suffix(".log"), time.monotonic()
    process = begun(kind, folder, log)
    process.join()
    if process.exitcode:
        raise SystemExit(f"it fails without any kill:\n{log.read_text()}")
    return results(folder), time.monotonic() - since


if __name__ == "__main__":
    sys.exit(main())
