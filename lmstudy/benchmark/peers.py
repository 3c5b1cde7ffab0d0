"""Peers: other libraries that can do the same work, and which of them take part."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec

import yaml

from lmstudy.compose import group_choices
from lmstudy.config import build
from lmstudy.errors import StudyError
from lmstudy.training import compilation


@dataclass(frozen=True)
class Peer:
    """Another library. Its contender for a workload is built by `contenders[WORKLOAD]`, with what the workload gives.

    Attributes:
        name: what results call it; the name of its YAML.
        package: what must be importable for it; None needs nothing beyond this package.
        compiler: whether it needs a C++ compiler.
        contenders: workload to the dotted path of a factory (see `lmstudy.benchmark.contest.Contender`).
    """

    name: str
    package: str | None
    compiler: bool
    contenders: dict[str, str]

    def lacking(self) -> str | None:
        """What this machine lacks for it, and how to get it; None if nothing."""
        if self.package and find_spec(self.package) is None:
            return f"needs the package {self.package} (pip install lmstudy[bench])"
        problem = compilation.compilation_problem() if self.compiler else None
        return f"is compiled, and {problem}" if problem else None


@dataclass(frozen=True)
class All:
    """Every peer that ships and takes part in the workload; one that cannot run here is skipped."""

    def peers(self) -> list[Peer]:
        """All peers of `conf/peer`, by name."""
        folder = files("lmstudy.conf") / "peer"
        texts = [(folder / f"{name}.yaml").read_text("utf-8") for name in group_choices("peer") if name != "all"]
        return [build(yaml.safe_load(text), "peer") for text in texts]


def taking_part(chosen: Peer | All, workload: str, tell: Callable[[str], None]) -> list[Peer]:
    """The peers to run for a workload; those that `All` has to skip are told in a line each.

    Raises:
        StudyError: a peer asked for by name has no contender for the workload, or cannot run here.
    """
    if isinstance(chosen, All):
        able = [peer for peer in chosen.peers() if workload in peer.contenders]
        for peer in able:
            if peer.lacking():
                tell(f"{peer.name} is skipped: it {peer.lacking()}")
        return [peer for peer in able if not peer.lacking()]
    if workload not in chosen.contenders:
        others = [peer.name for peer in All().peers() if workload in peer.contenders]
        choices = f"choose from {', '.join(others)}" if others else "this workload has no peers: leave peer out"
        raise StudyError(f"peer={chosen.name} takes no part in workload={workload}; {choices}")
    if chosen.lacking():
        raise StudyError(f"peer={chosen.name} {chosen.lacking()}")
    return [chosen]
