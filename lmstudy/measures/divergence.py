"""How far a model's distribution of texts lies from that of an open teacher: a measure of capability."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

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

    Args:
        teacher: id, its beginning, or folder of the teacher's run, in the runs folder of the run measured.
        samples: texts that the teacher writes.
        seed: of these texts.
    """

    teacher: str
    samples: int
    seed: int

    name: ClassVar[str] = "divergence"

    def documents(self) -> int | None:
        return self.samples

    def check(self, finished: Finished) -> None:
        teacher = load_run(self._folder(finished)).record
        if teacher.data != finished.record.data:
            raise StudyError(f"measure.teacher={self.teacher}: {teacher.name} was trained on another corpus")

    def _folder(self, finished: Finished) -> Path:
        return find_folder(self.teacher, finished.run.folder.parent, kind="train")

    def measure(self, subject: Subject) -> Findings:
        finished = subject.finished
        teacher = load_run(self._folder(finished))
        store = self._texts(teacher)
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

    def _texts(self, teacher: Finished) -> TokenStore:
        """What the teacher writes, as documents in tokens."""
        corpus = teacher.run.corpus
        model = teacher.module.model
        sampling = sampling_for(PLAIN, model.max_positions - 1, temperature=1.0, top_p=1.0)
        written = drawn(model, corpus, PLAIN, self.samples, self.seed, sampling)
        texts = [text for _, text in written if text.segments and text.finished]
        if not texts:
            raise StudyError(f"measure.teacher={self.teacher}: it ended none of {self.samples} texts; train it longer")
        tokens, starts = encode(corpus.tokenizer, [text.segments for text in texts], corpus.segmentation)
        columns = {"id": [f"teacher/{number}" for number in range(len(texts))], "tokens": tokens, "starts": starts}
        return TokenStore(in_own_tokens(corpus, columns))
