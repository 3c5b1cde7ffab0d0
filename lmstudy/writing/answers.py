"""What a fine-tuned model answers."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lmstudy.config import DecodingConfig
from lmstudy.data.corpus import Corpus
from lmstudy.data.source_docstrings import one_line
from lmstudy.data.tokenizer import SENTINELS, decode, encode, token_bytes
from lmstudy.models.beam import Beam, beam_search
from lmstudy.models.generation import Sampling, generate
from lmstudy.progress import ProgressLine
from lmstudy.tasks.base import Answered, Example, Task
from lmstudy.tasks.classification import Classification
from lmstudy.tasks.tokens import in_text, marks
from lmstudy.training.fine_tuning import FineTuningModule, SpanHead, TokenPairs, best_spans
from lmstudy.writing.control import BANNED

AT_ONCE = 64
"""Answers that are written together."""


def answered(
    module: FineTuningModule,
    task: Task,
    corpus: Corpus,
    examples: Sequence[Example],
    pairs: TokenPairs,
    decoding: DecodingConfig,
    longest: int,
    seed: int,
    learned: Sequence[Example] = (),
) -> Answered:
    """Answer examples and judge the answers: of labels by probability, of free text as it is written.

    Free text is cut at `longest` tokens, and so are spans. Where answers are written, `bits_per_byte` says what the
    people's own would have cost, its rows [bits, bytes], and `remembered` which share of the answers is that of an
    example in `learned`, word for word.

    Args:
        module: in evaluation mode.
        task: which knows the labels, or how free text is judged.
        corpus: whose tokens are read and written.
        examples, pairs: what is answered, as text and in tokens.
        decoding: how free text is written.
        longest: tokens of an answer.
        seed: of what is drawn.
        learned: the training examples.
    """
    if isinstance(task, Classification):
        found = label_probabilities(module, task, corpus, pairs)
        told = found.argmax(1)
        return Answered([task.labels[i] for i in told], task.of_labels(examples, told, found))
    if isinstance(module.head, SpanHead):
        answers = pointed_at(module, corpus, pairs, longest)
        return Answered(answers, task.judge(examples, answers))
    known = [marks(task, example.source) for example in examples]
    answers = written(module, corpus, pairs, decoding, longest, seed, known)
    judgement = task.judge(examples, answers)
    costs = reference_costs(module, corpus, pairs)
    bits, size = costs.sum(0)
    judgement.metrics["bits_per_byte"] = float(bits / size)
    judgement.rows["bits"] = costs
    known_targets = {" ".join(example.target.split()) for example in learned}
    remembered = np.array([" ".join(answer.split()) in known_targets for answer in answers], dtype=float)
    judgement.metrics["remembered"] = float(remembered.mean())
    judgement.rows["remembered"] = np.stack([remembered, np.ones(len(answers))], 1)
    return Answered(answers, judgement)


@torch.inference_mode()
def label_probabilities(
    module: FineTuningModule, task: Classification, corpus: Corpus, pairs: TokenPairs
) -> NDArray[np.float64]:
    """[examples, labels]: by the head; without one, of writing each label, the labels' probabilities shared out."""
    if module.head is not None:
        logits = torch.cat([module.head_logits(batch) for batch in pairs.in_order()])
    else:
        labels, _ = encode(corpus.tokenizer, [[label] for label in task.labels], corpus.segmentation)
        columns = []
        for label in labels:
            asked = replace(pairs, targets=[label] * len(pairs))
            columns.append(torch.cat([module.target_log_probability(batch) for batch in asked.in_order()]))
        logits = torch.stack(columns, 1)
    return logits.double().softmax(1).numpy()


@torch.inference_mode()
def pointed_at(module: FineTuningModule, corpus: Corpus, pairs: TokenPairs, longest: int) -> list[str]:
    """The spans of sources that a head points at, with single spaces."""
    spans = torch.cat([best_spans(module.head_logits(batch), longest) for batch in pairs.in_order()]) - 1
    found = zip(pairs.sources, spans.tolist(), strict=True)
    return [one_line(decode(corpus.tokenizer, source[first : last + 1])) for source, (first, last) in found]


@torch.inference_mode()
def reference_costs(module: FineTuningModule, corpus: Corpus, pairs: TokenPairs) -> NDArray[np.float64]:
    """[examples, 2]: bits of each target, its end included, and its bytes; what stands for something else has none."""
    nats = -torch.cat([module.target_log_probability(batch) for batch in pairs.in_order()]).double().numpy()
    lengths = token_bytes(corpus.tokenizer)
    return np.stack([nats / np.log(2), [float(lengths[target].sum()) for target in pairs.targets]], 1)


def written(
    module: FineTuningModule,
    corpus: Corpus,
    pairs: TokenPairs,
    decoding: DecodingConfig,
    longest: int,
    seed: int,
    known: Sequence[dict[str, int]],
) -> list[str]:
    """Answers in the order of the examples; those with sources of like length are written together.

    A search keeps what stands for something else (see `lmstudy.models.beam`); what is drawn may lose it.
    """
    model: Any = module.model
    generator = torch.Generator().manual_seed(seed)  # what is drawn does not depend on where a training was resumed
    order = np.argsort([len(source) for source in pairs.sources], kind="stable")
    answers = [""] * len(pairs)
    with ProgressLine("answering", sys.stderr) as line:
        for start in range(0, len(order), AT_ONCE):
            index = order[start : start + AT_ONCE]
            sources = [pairs.sources[i].tolist() for i in index]
            kept = [[token for token in source if token in SENTINELS] for source in sources]
            banned = tuple(token for token in BANNED if token not in set().union(*kept))
            most = min(longest, model.max_positions)
            if decoding.temperature:
                drawn = Sampling(decoding.temperature, decoding.top_p, banned=banned, max_tokens=most)
                found = generate(model, sources, drawn, generator=generator)
            else:
                beam = Beam(decoding.beams, decoding.length_penalty, banned, most, decoding.no_repeat)
                found = beam_search(model, sources, beam, kept)
            for i, ids in zip(index, found, strict=True):
                answers[i] = in_text(ids, known[i], corpus)
            line.update(f"example {min(start + AT_ONCE, len(order))} of {len(order)}")
    return answers
