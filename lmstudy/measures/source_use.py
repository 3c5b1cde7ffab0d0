"""How much of what a fine-tuned network writes depends on what it reads."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from lmstudy.errors import StudyError
from lmstudy.measures.base import Findings
from lmstudy.runs.fine_tuning import FinishedTuning
from lmstudy.tasks.base import Judgement
from lmstudy.tasks.tokens import in_tokens
from lmstudy.writing.answers import reference_costs


@dataclass(frozen=True)
class SourceUse:
    """Bits that people's answers cost behind the source of another example, minus those behind their own.

    Per byte of the answers, as `test/source`; 0 if sources are not read. The other example is the next one in the
    fixed random order, and the last one takes the first's. `test/own` and `test/other` are the two costs.
    """

    name: ClassVar[str] = "source"

    def documents(self) -> int | None:
        return None

    def measure(self, finished: FinishedTuning, split: str, documents: int | None) -> Findings:
        """Of the first examples of a split, as many as `documents`, or as the fine-tuning tested.

        Raises:
            StudyError: the fine-tuning has a head, a split that there is not, or fewer than two examples.
        """
        tuning, module = finished.tuning, finished.module
        if tuning.typed.head:
            raise StudyError(f"measure=source: {tuning.name} answers by a head and writes nothing; see head=false")
        if split not in tuning.examples:
            raise StudyError(f"split={split!r} is not one of {sorted(tuning.examples)}")
        examples = tuning.examples[split][: documents or tuning.typed.test_examples]
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
