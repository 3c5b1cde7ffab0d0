"""A finished training as a folder that `transformers` loads: weights, code, tokenizer, model card and record.

The folder needs nothing of this package. Its code is `lmstudy.models.remote`, which `trust_remote_code=True` permits
to run; what it computes is compared with the run's own model before anything is written.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmstudy.config import ExportConfig, check
from lmstudy.data.corpus import to_stderr
from lmstudy.data.tokenizer import BOS, EOS, GOOD, PAD, SPECIAL_TOKENS
from lmstudy.errors import StudyError
from lmstudy.overrides import home
from lmstudy.runs.export_card import export_card
from lmstudy.runs.finished import Finished, load_run
from lmstudy.runs.folders import CHECKSUMS, find_folder
from lmstudy.writing.control import Asked

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

CODE = ("configuration_lmstudy", "modeling_lmstudy")
"""Modules of `lmstudy.models.remote` that an export holds."""
AUTO = {
    "AutoConfig": "configuration_lmstudy.LmstudyConfig",
    "AutoModelForSeq2SeqLM": "modeling_lmstudy.LmstudyForConditionalGeneration",
}
STACKS = re.compile(r"^(encoder|decoder)\.")
"""Lists of layers, whose names mean something else to `transformers`."""
RECORD = "lmstudy_record.json"
"""The record in an export, which is no folder of a run, and must not be found as one."""
CLOSE = 1e-5
"""Largest difference of two logits in float32."""


def export(config: Mapping[str, Any]) -> Path:
    """Write what a resolved `lmstudy-export` configuration asks for; returns the folder, whole or not written at all.

    Raises:
        StudyError: transformers is not installed; there is no such run, or its model is of another kind; the folder
            is there and holds something.
    """
    typed = check(ExportConfig, config)
    try:
        import transformers  # noqa: F401
    except ImportError:
        raise StudyError("an export needs the package transformers: pip install 'lmstudy[export]'") from None
    source = find_folder(typed.run, Path(typed.runs), kind="train")
    target = Path(home(typed.folder, "folder")) if typed.folder else Path("exports") / source.name
    _check_target(target, typed.overwrite)
    finished = load_run(source, writes_only=(source / CHECKSUMS).exists())
    controlled = bool(finished.module.objective.controlled)
    model, tokenizer = converted(finished, controlled), fast_tokenizer(finished)
    if finished.run.corpus.segmentation:
        to_stderr(
            f"run={typed.run}: its texts are cut into words ({finished.run.corpus.segmentation}) before they are cut "
            "into tokens, which the exported tokenizer does not do: give it words with is_split_into_words=True"
        )
    with _whole_folder(target) as folder:
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        for module in CODE:
            shutil.copy(_code_folder() / f"{module}.py", folder)
        shutil.copy(source / "record.json", folder / RECORD)
        (folder / "README.md").write_text(export_card(target.name, finished, source, controlled), encoding="utf-8")
    return target


def _code_folder() -> Path:
    from lmstudy.models import remote

    return Path(remote.__path__[0])


def _check_target(target: Path, overwrite: bool) -> None:
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if not target.is_dir():
        raise StudyError(f"folder={target} is a file: name a folder")
    if not overwrite:
        raise StudyError(f"folder={target} is there and holds something: name another one, or say overwrite=true")
    if not _is_export(target):
        raise StudyError(
            f"folder={target} is no export, and is not overwritten: name another one, or remove it yourself"
        )


def _is_export(folder: Path) -> bool:
    try:
        return json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type") == "lmstudy"
    except (OSError, ValueError, AttributeError):
        return False


@contextmanager
def _whole_folder(target: Path) -> Iterator[Path]:
    """A folder beside `target` to fill, which takes its place once the block is done; a block that raises leaves
    `target` as it was."""
    temporary, old = (target.with_name(f".{target.name}.{os.getpid()}.{what}") for what in ("tmp", "old"))
    try:
        try:
            temporary.mkdir(parents=True)
            yield temporary
            if target.exists():
                target.rename(old)
            temporary.rename(target)
        finally:
            if old.exists() and not target.exists():
                old.rename(target)
            for folder in (temporary, old):
                shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise StudyError(f"folder={target} cannot be written: {error.strerror or error}") from error


def converted(finished: Finished, controlled: bool) -> PreTrainedModel:
    """The run's model as `transformers` has it, in float32, with logits that were compared.

    Args:
        finished: a training.
        controlled: whether it writes behind control tokens; `generate` then begins with the good one.

    Raises:
        StudyError: the model is no `Seq2SeqTransformer`, or its logits are not those of its copy.
    """
    import torch

    from lmstudy.models.remote.configuration_lmstudy import LmstudyConfig
    from lmstudy.models.remote.modeling_lmstudy import LmstudyForConditionalGeneration
    from lmstudy.models.transformer import Seq2SeqTransformer

    own = finished.module.model
    if type(own) is not Seq2SeqTransformer:
        raise StudyError(
            f"{finished.record.name} is a {type(own).__name__}; an export holds model=transformer or transformer_smear"
        )
    sizes = own.sizes
    config = LmstudyConfig(
        vocab_size=sizes.vocab_size, d_model=sizes.d_model, heads=own.heads, d_ff=sizes.d_ff,
        encoder_layers=sizes.encoder_layers, decoder_layers=sizes.decoder_layers, max_positions=own.max_positions,
        smear=own.encoder_smear is not None, own_output=own.output is not None,
    )  # fmt: skip
    config.auto_map = AUTO
    config.architectures = [LmstudyForConditionalGeneration.__name__]
    model = LmstudyForConditionalGeneration(config).float().eval()
    model.load_state_dict({STACKS.sub(r"\1_stack.", name): value.float() for name, value in own.state_dict().items()})
    asked = Asked("good" if controlled else "none")
    settings: Any = model.generation_config
    settings.update(
        do_sample=True, temperature=0.7, top_p=0.9, top_k=0, use_cache=False, max_new_tokens=own.max_positions - 1,
        decoder_start_token_id=BOS, pad_token_id=PAD, eos_token_id=EOS, suppress_tokens=list(asked.banned()),
        forced_bos_token_id=GOOD if controlled else None,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        worst = logits_apart(own.float().cpu(), model)
    if not worst <= CLOSE:
        raise StudyError(
            f"{finished.record.name}: logits of its copy differ by {worst:g}: this is a bug, nothing is written"
        )
    return model


def logits_apart(own: nn.Module, copy: PreTrainedModel) -> float:
    """Largest difference of logits on rows of random tokens, of different lengths on both sides."""
    import torch

    from lmstudy.data.batch import Seq2SeqBatch

    config: Any = copy.config
    longest = config.max_positions
    read, written = torch.tensor([longest, 1, longest // 2 + 1]), torch.tensor([longest, longest // 3 + 1, longest])
    tokens = torch.randint(len(SPECIAL_TOKENS), config.vocab_size, (2, 3, longest))
    present = torch.arange(longest) < torch.stack([read, written])[..., None]
    encoder, decoder = tokens.masked_fill(~present, PAD)
    encoder[:, 0] = decoder[:, 0] = BOS
    here = present.long()
    batch = Seq2SeqBatch(encoder, here[0], decoder, here[1], decoder, written.sum(), torch.zeros_like(decoder))
    with torch.inference_mode():
        theirs = copy(
            input_ids=encoder, attention_mask=here[0], decoder_input_ids=decoder, decoder_attention_mask=here[1]
        ).logits
        return float((own(batch) - theirs)[present[1]].abs().max())


def fast_tokenizer(finished: Finished) -> PreTrainedTokenizerFast:
    """The run's tokenizer, which puts the start token before what it encodes, as the encoder expects it.

    A text that holds the characters of a special token, such as "<s>", is text, unless it is asked for by
    `split_special_tokens=False`.
    """
    from tokenizers import Tokenizer
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer.from_str(finished.run.corpus.tokenizer.to_str())
    start = SPECIAL_TOKENS[BOS]
    tokenizer.post_processor = TemplateProcessing(
        single=f"{start} $A", pair=f"{start} $A $B", special_tokens=[(start, BOS)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, split_special_tokens=True, pad_token=SPECIAL_TOKENS[PAD], bos_token=start,
        eos_token=SPECIAL_TOKENS[EOS], additional_special_tokens=list(SPECIAL_TOKENS[EOS + 1 :]),
        model_max_length=finished.run.typed.budget.encoder_length, clean_up_tokenization_spaces=False,
        model_input_names=["input_ids", "attention_mask"],
    )  # fmt: skip
