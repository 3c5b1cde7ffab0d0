"""How far a model's distribution of texts lies from that of an open teacher: a measure of capability."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from lmstudy.config import RunName
from lmstudy.data.store import TokenStore
from lmstudy.data.tokenizer import GOOD, encode
from lmstudy.errors import StudyError
from lmstudy.measures.base import Findings, Measure, Subject, in_own_tokens
from lmstudy.measures.likelihood import evaluated
from lmstudy.runs.finished import Finished, load_run
from lmstudy.runs.folders import find_folder
from lmstudy.writing.control import PLAIN, sampling_for
from lmstudy.writing.texts import drawn


@dataclass(frozen=True)
class Divergence(Measure):
    """KL(teacher || model), in bits per byte, estimated on texts that the teacher writes at T = 1.

    KL = E[log2 p_teacher(x) - log2 p_model(x)] / bytes, over the texts that the teacher ended: of one that was cut off
    neither model tells how it would have ended. The same texts for every model: they depend on teacher, number and
    seed alone. Models that know control tokens read the good one before every segment, and probabilities are
    renormalised without them. Korbak et al. (2023) take GPT-3 as the teacher; here it is a run of the same corpus that
    was trained longer by maximum likelihood.

    Gives `divergence/kl`, `divergence/teacher` and `divergence/model` (bits per byte of each on these texts), and how
    many `divergence/texts` there are; groups `divergence` hold [bits of the model - bits of the teacher, bytes] by
    document group.

    Of several teachers these are means over teachers, each of which counts the same; `divergence` holds the groups of
    one teacher behind those of another. `divergence/ID` is the KL from each, `divergence/spread` the standard
    deviation between them, and `divergence/shared_seeds` how many have the seed of the run: such a one began with its
    weights and read in its order, and is nearer for that alone.

    Args:
        teacher: id, its beginning, or folder of the teacher's run, in the runs folder of the run measured; or a list.
        samples: texts that a teacher writes.
        seed: of these texts.
    """

    teacher: RunName | list[RunName]
    samples: int
    seed: int

    name: ClassVar[str] = "divergence"

    @property
    def teachers(self) -> list[str]:
        """One or several."""
        return [self.teacher] if isinstance(self.teacher, str) else list(self.teacher)

    def definite(self, whole: Callable[[str], str]) -> Self:
        ids = sorted(map(whole, self.teachers))
        if not ids or len(set(ids)) < len(ids):
            raise StudyError(f"measure.teacher={self.teacher}: give one teacher, or several that differ")
        return replace(self, teacher=ids[0] if len(ids) == 1 else ids)

    def documents(self) -> int | None:
        return self.samples

    def check(self, finished: Finished) -> None:
        for name, teacher in self._opened(finished).items():
            if teacher.record.data != finished.record.data:
                raise StudyError(f"measure.teacher={name}: {teacher.record.name} was trained on another corpus")

    def _opened(self, finished: Finished) -> dict[str, Finished]:
        """Teachers by how they are told, in the order of their ids."""
        runs = finished.run.folder.parent
        found = {name: load_run(find_folder(name, runs, kind="train", key="measure.teacher")) for name in self.teachers}
        return dict(sorted(found.items(), key=lambda pair: pair[1].record.id))

    def measure(self, subject: Subject) -> Findings:
        finished = subject.finished
        teachers = self._opened(finished)
        own = [self._from(finished, teacher, name) for name, teacher in teachers.items()]
        if len(own) == 1:
            return own[0]
        metrics = {key: float(np.mean([one.metrics[key] for one in own])) for key in own[0].metrics}
        metrics["divergence/texts"] *= len(own)
        distances = [one.metrics["divergence/kl"] for one in own]
        metrics["divergence/spread"] = float(np.std(distances, ddof=1))
        same = [teacher.record.seed == finished.record.seed for teacher in teachers.values()]
        metrics["divergence/shared_seeds"] = float(sum(same))
        groups = {"divergence": _side_by_side([one.groups["divergence"] for one in own])}
        for teacher, one in zip(teachers.values(), own, strict=True):
            metrics[f"divergence/{teacher.record.id}"] = one.metrics["divergence/kl"]
            groups[f"divergence/{teacher.record.id}"] = one.groups["divergence"]
        return Findings(metrics, groups)

    def _from(self, finished: Finished, teacher: Finished, name: str) -> Findings:
        store = self._texts(teacher, name)
        index = np.arange(len(store))
        control = GOOD if finished.module.objective.controlled else None
        theirs = np.array(evaluated("divergence: the teacher", teacher, store, index).group_totals())
        ours = np.array(evaluated("divergence: the model", finished, store, index, control).group_totals())
        size = theirs[:, 1].sum()
        metrics = {
            "divergence/kl": float((ours[:, 0] - theirs[:, 0]).sum() / size),
            "divergence/teacher": float(theirs[:, 0].sum() / size),
            "divergence/model": float(ours[:, 0].sum() / size),
            "divergence/texts": float(len(store)),
        }
        groups = np.stack([ours[:, 0] - theirs[:, 0], theirs[:, 1]], 1)
        return Findings(metrics, {"divergence": groups.tolist()})

    def _texts(self, teacher: Finished, name: str) -> TokenStore:
        """What a teacher writes, as documents in tokens."""
        corpus = teacher.run.corpus
        model = teacher.module.model
        sampling = sampling_for(PLAIN, model.max_positions - 1, temperature=1.0, top_p=1.0)
        written = drawn(model, corpus, PLAIN, self.samples, self.seed, sampling)
        texts = [text for _, text in written if text.segments and text.finished]
        if not texts:
            raise StudyError(f"measure.teacher={name}: it ended none of {self.samples} texts; train it longer")
        tokens, starts = encode(corpus.tokenizer, [text.segments for text in texts], corpus.segmentation)
        columns = {"id": [f"teacher/{number}" for number in range(len(texts))], "tokens": tokens, "starts": starts}
        return TokenStore(in_own_tokens(corpus, columns))


def _side_by_side(tables: list[list[list[float]]]) -> list[list[float]]:
    """Groups of all teachers, scaled so that each has the mean number of bytes: their ratio is the mean of ratios."""
    sizes = [sum(size for _, size in table) for table in tables]
    mean = sum(sizes) / len(sizes)
    return [[x * mean / size for x in row] for table, size in zip(tables, sizes, strict=True) for row in table]
