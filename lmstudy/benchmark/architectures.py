"""Workload `architectures`: training steps of this package's own models side by side. There is no peer.

Contenders are experiments of `conf/experiment`, each with its own model, optimiser and schedule, all on the same
batches of the same corpus. NAME is the experiment as `lmstudy-train` would train it here; where that compiles the
network, NAME_eager is the same without.

Rates are labels a second, as in the records of runs. All contenders have the same labels, so a ratio of rates is one
of steps, although the networks do unequal work for a label: the article's network does not look at what the
encoder reads, and padding, which training batches have and these have as well, costs a Transformer as much as text
and a recurrent network nothing. The peak memory of a compiled network holds what its compiler took.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar

from pydantic import PositiveInt

from lmstudy.benchmark import ratios
from lmstudy.benchmark.contenders.ours import build_model, trained_parameters
from lmstudy.benchmark.contenders.training import Arrays
from lmstudy.benchmark.contest import Contest, Entry, comparable
from lmstudy.benchmark.result import Bench, Line, Result
from lmstudy.benchmark.train import MEASURE, UNIT, training_store
from lmstudy.compose import compose_config
from lmstudy.config import TrainConfig, build, check
from lmstudy.data.batch import Shape
from lmstudy.data.corpus import Corpus, prepare
from lmstudy.data.datamodule import Phase, TrainingBatches
from lmstudy.errors import StudyError
from lmstudy.training.compilation import compile_network

OURS = "lmstudy.benchmark.contenders.ours.ExperimentTraining"


@dataclass(frozen=True)
class Architectures:
    """See the head of this module.

    Args:
        experiments: names, at least one; ratios are to the first, and numbers of parameters within 2 % of its.
        overrides: of `lmstudy-train`, for all of them.
        batches: different ones, made as the first experiment's training makes them; a block is a pass over all.
    """

    name: ClassVar[str] = "architectures"

    experiments: list[str]
    overrides: list[str]
    batches: PositiveInt

    def __post_init__(self) -> None:
        if not self.experiments or len(set(self.experiments)) < len(self.experiments):
            raise StudyError(f"workload.experiments={self.experiments} must hold at least one name, and none twice")
        for override in self.overrides:
            if override.lstrip("+~").partition("=")[0].split(".")[0] == "data":
                raise StudyError(
                    f"workload.overrides: {override} belongs to lmstudy-benchmark itself, for all contenders"
                )

    def run(self, bench: Bench) -> Result:
        """Headline: the rate of the second experiment as a multiple of the first's."""
        configs = {experiment: self._config(experiment) for experiment in self.experiments}
        corpus = prepare(bench.data)
        vocab_size = corpus.tokenizer.get_vocab_size()
        compiled = _compiled(configs, vocab_size)
        given = {"batches": _batches(corpus, configs[self.experiments[0]], self.batches), "vocab_size": vocab_size}
        forms = {name: (name, compiled[name]) for name in configs}
        forms |= {f"{name}_eager": (name, False) for name in configs if compiled[name]}
        entries = [
            Entry(shown, OURS, {**given, "config": configs[name], "compiled": wish})
            for shown, (name, wish) in forms.items()
        ]
        contest = bench.hold(entries, check=comparable)
        return ratios.result(contest, lines(contest), MEASURE, corpus.fingerprint)

    def _config(self, experiment: str) -> dict[str, Any]:
        """The resolved configuration of an experiment, if a contender can stand for it."""
        config = compose_config("train", [f"experiment={experiment}", *self.overrides])
        typed = check(TrainConfig, config)
        if (typed.trainer.accelerator, typed.trainer.precision) != ("cpu", "32-true"):
            raise StudyError(
                f"experiment={experiment} trains with trainer.accelerator={typed.trainer.accelerator} and "
                f"trainer.precision={typed.trainer.precision}; this workload measures cpu with 32-true"
            )
        if typed.embedding is not None:
            raise StudyError(f"experiment={experiment} is given an embedding; this workload measures models without")
        return config


def _compiled(configs: Mapping[str, Mapping[str, Any]], vocab_size: int) -> dict[str, bool]:
    """Whether training would compile the network of each; found out before anything takes time.

    Raises:
        StudyError: they are not comparable, or one cannot be built or compiled as it asks for.
    """
    facts, compiled = {}, {}
    for name, config in configs.items():
        model = build_model(config, vocab_size)
        made = {**_sizes(config), **config["pretraining"]}
        facts[name] = {"parameters": trained_parameters(model), "shape": made}
        compiled[name] = compile_network(model, config["trainer"]["compile"], config["budget"]["steps"])
    comparable(facts)
    return compiled


def _sizes(config: Mapping[str, Any]) -> dict[str, int]:
    """Of the batches of a run."""
    return {key: config["budget"][key] for key in ("rows", "encoder_length", "decoder_length", "prefix_length")}


def _batches(corpus: Corpus, config: Mapping[str, Any], count: int) -> list[Arrays]:
    """The first batches of a run."""
    task, shape = build(config["pretraining"], "pretraining"), Shape(**_sizes(config))
    batches = TrainingBatches([Phase(0, training_store(corpus))], task, shape, config["seed"])
    return [tuple(field.numpy() for field in batch) for batch in islice(iter(batches), count)]


def lines(contest: Contest) -> list[Line]:
    """Every contender's rate, then memory, against the first's; then what each did by itself."""
    first, *others = contest.accounts
    found = ratios.compared(contest, [(name, first) for name in others], MEASURE, UNIT)
    for name in contest.accounts:
        found += [ratios.rate(contest, name, MEASURE, UNIT), *ratios.memory(contest, name)]
    return found
