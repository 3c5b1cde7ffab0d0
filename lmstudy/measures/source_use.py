"""How much of what a fine-tuned network writes depends on what it reads."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from lmstudy.errors import StudyError
from lmstudy.measures.base import Findings, Measure, Subject, check_split
from lmstudy.runs.finished import Finished
from lmstudy.tasks.base import Judgement


@dataclass(frozen=True)
class SourceUse(Measure):
    """Bits that people's answers cost behind the source of another example, minus those behind their own.

    Per byte of the answers, as `SPLIT/source`; 0 if sources are not read. The other example is the next one in the
    fixed random order, and the last one takes the first's. `SPLIT/own` and `SPLIT/other` are the two costs. Of the
    first examples of a split, as many as the fine-tuning tested where nothing is said of them.
    """

    name: ClassVar[str] = "source"
    kind: ClassVar[str] = "tuning"

    def check(self, finished: Finished) -> None:
        if finished.run.typed.head:
            raise StudyError(
                f"measure=source: {finished.run.name} answers by a head and writes nothing; see head=false"
            )

    def measure(self, subject: Subject) -> Findings:
        """Groups hold [bits, bytes] of the answers of each row of metrics.

        Raises:
            StudyError: a split that there is not, or fewer than two examples.
        """
        from lmstudy.tasks.tokens import in_tokens
        from lmstudy.writing.answers import reference_costs

        tuning, module, split = subject.finished.run, subject.finished.module, subject.split
        check_split(split, tuning.examples)
        examples = tuning.examples[split][: subject.documents or tuning.typed.test_examples]
        if len(examples) < 2:
            raise StudyError(f"documents={len(examples)}: the source of another example needs two of them")
        pairs = in_tokens(examples, tuning.task, tuning.corpus, module.model.max_positions)
        exchanged = replace(pairs, sources=[*pairs.sources[1:], pairs.sources[0]])
        own, other = (reference_costs(module, tuning.corpus, one) for one in (pairs, exchanged))
        gain = np.stack([other[:, 0] - own[:, 0], own[:, 1]], 1)
        rows = {f"{split}/source": gain, f"{split}/own": own, f"{split}/other": other}
        metrics = {name: float(bits / size) for name, (bits, size) in ((name, r.sum(0)) for name, r in rows.items())}
        found = Judgement({**metrics, f"{split}/examples": float(len(examples))}, rows)
        return Findings(found.metrics, found.groups(examples))
