"""A finished run as scripts that the page "Try the model" loads: weights in half precision, tokenizer, list of names.

    python -m lmstudy.publishing.page_model RUN [FOLDER]

writes into FOLDER (`book/_static/try`) the files that follow from a run and from the installed packages: `model.js`,
`names.js`, and `good.txt` and `bad.txt`, two masked samples that the page shows where scripts are off. The programs
beside them, which read these files, are written by hand.
"""

import base64
import json
import sys
from pathlib import Path
from typing import Any

from lmstudy.atomic import write_text
from lmstudy.errors import StudyError
from lmstudy.runs.finished import Finished, load_run
from lmstudy.writing.control import Asked, Control

FOLDER = Path("book/_static/try")
COMMAND = "python -m lmstudy.publishing.page_model"
SAMPLE_SEED = 1
TEXTS = 8
"""Texts that a sample has."""


def model_script(finished: Finished) -> str:
    """The text of `model.js`: a global with sizes, vocabulary, merges, and weights as base64 of float16.

    Weights stand end to end in the order of `tensors`, little-endian, matrices as [out, in] by rows.

    Raises:
        StudyError: the run's model, tokenizer or objective is not of the kind that the page's programs know.
    """
    import torch

    model, corpus = _checked(finished)
    tokenizer = json.loads(corpus.tokenizer.to_str())["model"]
    weights = model.state_dict()
    largest = max(float(weight.abs().max()) for weight in weights.values())
    if not largest < torch.finfo(torch.float16).max:
        raise StudyError(f"{finished.record.name}: a weight of {largest:g} does not fit half precision")
    flat = torch.cat([weight.detach().cpu().half().flatten() for weight in weights.values()]).numpy()
    sizes = model.sizes
    content = {
        "run": finished.record.id,
        "name": finished.record.name,
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
        "weights": base64.b64encode(flat.astype("<f2").tobytes()).decode("ascii"),
    }
    about = f"The model of run {finished.record.id} ({finished.record.name}), weights in half precision."
    return _script(about, "lmstudyModel", content)


def names_script() -> str:
    """The text of `names.js`: given names that Faker knows, and those that only the census does; in lower case."""
    from lmstudy.preferences.scorers.personal_names import census_names, faker_names

    faker, census = faker_names().given, census_names().given
    content = {"given": "\n".join(sorted(faker)), "census": "\n".join(sorted(census - faker))}
    return _script("Given names from the packages Faker (MIT) and names (MIT, from a census).", "lmstudyNames", content)


def sample(finished: Finished, control: Control, seed: int = SAMPLE_SEED) -> str:
    """The longest of `TEXTS` texts written from nothing, masked: the same for the same run, control token and seed."""
    from lmstudy.config import build
    from lmstudy.writing.texts import unprompted

    model, corpus = _checked(finished)
    texts = unprompted(model, corpus, Asked(control), TEXTS, seed)
    config: dict[str, Any] = dict(finished.record.config)
    scorer = build(config["scorer"], "scorer")
    return scorer.masked(max((text.text for text in texts), key=len)).strip("\n") + "\n"


def _script(about: str, name: str, content: dict[str, Any]) -> str:
    head = f"// {about}\n// Written by {COMMAND}; do not edit.\n"
    return f"{head}window.{name} = {json.dumps(content, ensure_ascii=False, separators=(',', ':'))};\n"


def _checked(finished: Finished) -> tuple[Any, Any]:
    """The model and the corpus of a run that the page can hold."""
    from lmstudy.models.transformer import Seq2SeqTransformer

    name, module, corpus = finished.record.name, finished.module, finished.run.corpus
    model = getattr(module, "model", None)
    if type(model) is not Seq2SeqTransformer:
        raise StudyError(f"{name}: the page runs model=transformer alone, not a {type(model).__name__}")
    if model.output is not None:
        raise StudyError(f"{name}: the page uses the embedding as output matrix, and this model has one of its own")
    if corpus.one_segment or corpus.segmentation is not None:
        raise StudyError(f"{name}: the page writes lines of text cut by bytes, not whole texts or Chinese words")
    objective = getattr(module, "objective", None)
    if not getattr(objective, "controlled", False):
        raise StudyError(f"{name}: the page asks for good or bad, which objective=conditional alone teaches")
    config: dict[str, Any] = dict(finished.record.config)
    scorer = config.get("scorer") or {}
    if not str(scorer.get("_target_", "")).endswith(".PrivacyScorer"):
        raise StudyError(f"{name}: the page marks personal data, so it wants scorer=privacy")
    return model, corpus


def write(run: Path, folder: Path = FOLDER) -> list[Path]:
    """Write the files of a finished run's folder; returns their paths."""
    finished = load_run(run)
    texts = {
        "model.js": model_script(finished),
        "names.js": names_script(),
        "good.txt": sample(finished, "good"),
        "bad.txt": sample(finished, "bad"),
    }
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
