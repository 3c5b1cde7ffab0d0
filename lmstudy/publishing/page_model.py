"""A finished run as scripts that the page "Try the model" loads: weights, tokenizer, list of names.

    python -m lmstudy.publishing.page_model RUN [FOLDER]

writes into FOLDER (`book/_static/try`) the files that follow from a run and from the installed packages. SCORER being
`privacy`, `style` or `reviews`, these are `SCORER-model.js`, and `SCORER-good.txt` and `SCORER-bad.txt`, two masked
samples that the page shows where scripts are off; for privacy also `names.js`. Of a model that comes with the book
(`book/models`) only the samples are written: its script is made when the pages are built
(`lmstudy.publishing.sphinx_page_model`). The programs beside them, which read these files, are written by hand.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmstudy.atomic import write_text
from lmstudy.errors import StudyError
from lmstudy.runs.finished import Finished, load_run
from lmstudy.runs.folders import CHECKSUMS
from lmstudy.writing.control import Asked, Control

if TYPE_CHECKING:
    from torch import Tensor

FOLDER = Path("book/_static/try")
COMMAND = "python -m lmstudy.publishing.page_model"
SAMPLE_SEED = 1
TEXTS = 8
"""Texts of which a sample is one."""
SCORERS = {"PrivacyScorer": "privacy", "Pep8Scorer": "style", "LabelScorer": "reviews"}
"""What the page calls the scorers that it knows in part; of labels it only knows that segments are sentences."""
LARGE = 1_000_000
"""Parameters of a model whose matrices are rounded to eight bits."""
STEPS = 127
"""Steps of a row from 0 to its largest weight."""


def model_script(finished: Finished) -> str:
    """The text of a model's script: a global with sizes, scorer, vocabulary, merges and weights.

    Tensors stand end to end in the order of `tensors`, matrices as [out, in] by rows. `weights` is base64 of float16,
    little-endian. The matrices of a `LARGE` model are rounded to eight bits: `steps` is base64 of their numbers of
    steps, and `weights` holds in the place of each the length of a step for each row (see `in_steps`).

    Raises:
        StudyError: the run's model, tokenizer or objective is not of the kind that the page's programs know.
    """
    import torch

    model, corpus, scorer = _checked(finished)
    tokenizer = json.loads(corpus.tokenizer.to_str())["model"]
    weights = {name: weight.detach().cpu().float() for name, weight in model.state_dict().items()}
    largest = max(float(weight.abs().max()) for weight in weights.values())
    if not largest < torch.finfo(torch.float16).max:
        raise StudyError(f"{finished.record.name}: a weight of {largest:g} does not fit half precision")
    eight_bits = sum(weight.numel() for weight in weights.values()) > LARGE
    cut = {name: in_steps(weight) for name, weight in weights.items() if eight_bits and weight.dim() == 2}
    halves = [cut[name][1] if name in cut else weight.half() for name, weight in weights.items()]
    sizes = model.sizes
    config: dict[str, Any] = dict(finished.record.config)
    content = {
        "run": finished.record.id,
        "name": finished.record.name,
        "scorer": scorer,
        **({"longest": config["scorer"]["max_line_length"]} if scorer == "style" else {}),
        "sizes": {
            "vocabulary": sizes.vocab_size,
            "positions": model.max_positions,
            "read": finished.run.typed.budget.encoder_length - 1,
            "width": sizes.d_model,
            "heads": model.heads,
            "inner": sizes.d_ff,
            "encoderLayers": sizes.encoder_layers,
            "decoderLayers": sizes.decoder_layers,
        },
        "tokens": sorted(tokenizer["vocab"], key=tokenizer["vocab"].__getitem__),
        "merges": tokenizer["merges"],
        "tensors": [[name, list(weight.shape)] for name, weight in weights.items()],
        "weights": _base64(halves, "<f2"),
        **({"steps": _base64([count for count, _ in cut.values()], "i1")} if cut else {}),
    }
    precision = "eight bits" if eight_bits else "half precision"
    about = f"The model of run {finished.record.id} ({finished.record.name}), weights in {precision}."
    return _script(about, "lmstudyModel", content)


def in_steps(weight: Tensor) -> tuple[Tensor, Tensor]:
    """A matrix [out, in] as whole numbers of steps (int8, the same shape) and the length of a step in each row.

    A row's steps are its largest weight / `STEPS` long, in half precision; a row of zeros has none.
    """
    import torch

    length = (weight.abs().amax(1) / STEPS).half()
    count = torch.where(length[:, None] > 0, weight / length[:, None].float(), 0).round().clamp(-STEPS, STEPS)
    return count.to(torch.int8), length


def rounded(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a model as the page has them with eight bits, by name."""
    found = {}
    for name, weight in weights.items():
        if weight.dim() == 2:
            count, length = in_steps(weight)
            found[name] = count.float() * length[:, None].float()
        else:
            found[name] = weight.half().float()
    return found


def names_script() -> str:
    """The text of `names.js`: given names that Faker knows, and those that only the census does; in lower case."""
    from lmstudy.preferences.scorers.personal_names import census_names, faker_names

    faker, census = faker_names().given, census_names().given
    content = {"given": "\n".join(sorted(faker)), "census": "\n".join(sorted(census - faker))}
    return _script("Given names from the packages Faker (MIT) and names (MIT, from a census).", "lmstudyNames", content)


def sample(finished: Finished, control: Control, seed: int = SAMPLE_SEED) -> str:
    """The longest of `TEXTS` texts written from nothing, masked: the same for the same run, control token and seed."""
    from lmstudy.config import build
    from lmstudy.preferences.scorers.privacy_zh import ChinesePrivacyScorer
    from lmstudy.writing.texts import unprompted

    model, corpus, own = _checked(finished)
    texts = unprompted(model, corpus, Asked(control), TEXTS, seed)
    config: dict[str, Any] = dict(finished.record.config)
    longest = max(texts, key=lambda text: len(text.text))
    if own == "reviews":  # a sentence a line
        return "\n".join(ChinesePrivacyScorer().masked(line.strip("\n")) for line in longest.segments) + "\n"
    return build(config["scorer"], "scorer").masked(longest.text).strip("\n") + "\n"


def _script(about: str, name: str, content: dict[str, Any]) -> str:
    head = f"// {about}\n// Written by {COMMAND}; do not edit.\n"
    return f"{head}window.{name} = {json.dumps(content, ensure_ascii=False, separators=(',', ':'))};\n"


def _base64(tensors: Sequence[Tensor], kind: str) -> str:
    """Tensors end to end, their numbers of a kind that numpy knows by that name."""
    return base64.b64encode(b"".join(tensor.numpy().astype(kind).tobytes() for tensor in tensors)).decode("ascii")


def _checked(finished: Finished) -> tuple[Any, Any, str]:
    """The model, the corpus and the scorer's name on the page, of a run that the page can hold."""
    from lmstudy.models.transformer import Seq2SeqTransformer

    name, module, corpus = finished.record.name, finished.module, finished.run.corpus
    model = getattr(module, "model", None)
    if type(model) is not Seq2SeqTransformer:
        raise StudyError(f"{name}: the page runs model=transformer alone, not a {type(model).__name__}")
    if model.output is not None:
        raise StudyError(f"{name}: the page uses the embedding as output matrix, and this model has one of its own")
    if corpus.one_segment or corpus.segmentation is not None:
        raise StudyError(f"{name}: the page writes segments of text cut by bytes, not whole texts or Chinese words")
    objective = getattr(module, "objective", None)
    if not getattr(objective, "controlled", False):
        raise StudyError(f"{name}: the page asks for good or bad, which objective=conditional alone teaches")
    config: dict[str, Any] = dict(finished.record.config)
    scorer = config.get("scorer") or {}
    known = SCORERS.get(str(scorer.get("_target_", "")).rpartition(".")[2])
    if known is None or (known == "style" and scorer["family"] != "style"):
        raise StudyError(f"{name}: the page knows scorer=privacy, pep8 and sentiment_zh alone")
    if model.d_model % 4 or model.sizes.d_ff % 4:
        raise StudyError(f"{name}: the page wants widths that are multiples of 4")
    return model, corpus, known


def write(run: Path, folder: Path = FOLDER) -> list[Path]:
    """Write the files of a finished run's folder; returns their paths."""
    finished = load_run(run, writes_only=True)
    *_, scorer = _checked(finished)
    texts: dict[str, str] = {}
    if not (run / CHECKSUMS).exists():  # else the pages' build makes it of what is published
        texts[f"{scorer}-model.js"] = model_script(finished)
    if scorer == "privacy":
        texts["names.js"] = names_script()
    texts |= {f"{scorer}-good.txt": sample(finished, "good"), f"{scorer}-bad.txt": sample(finished, "bad")}
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        write_text(folder / name, text)
    return [folder / name for name in texts]


def main(arguments: list[str]) -> int:
    if len(arguments) not in (1, 2) or arguments[0].startswith("-"):
        print(f"usage: {COMMAND} RUN [FOLDER]\nRUN is the folder of a finished run, FOLDER by default {FOLDER}.")
        return 2
    try:
        for path in write(*map(Path, arguments)):
            print(f"{path}: {path.stat().st_size:,} bytes")
    except StudyError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
