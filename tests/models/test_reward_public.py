"""A public encoder is read from a wheel as it was published, and computes what its own library computes."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from lmstudy.config import build
from lmstudy.data.text_rows import Rows, side_by_side
from lmstudy.errors import StudyError
from lmstudy.models.reward_public import PublicEncoder
from lmstudy.models.transformer import Seq2SeqTransformer
from tests.data.wheels import build_wheel, pin, put

transformers = pytest.importorskip("transformers")

CONFIG = {
    "vocab_size": 9, "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 12,
    "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1,
    "max_position_embeddings": 16, "type_vocab_size": 2, "layer_norm_eps": 1e-12, "pad_token_id": 0,
    "initializer_range": 0.5,
}  # fmt: skip


def tokenizer() -> Tokenizer:
    """As published: lower case, a token at either end, padding and truncation that the study does without."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "good", "film"]
    made = Tokenizer(models.WordPiece({word: number for number, word in enumerate(words)}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    made.enable_padding(length=12)
    made.enable_truncation(12)
    return made


@pytest.fixture
def published() -> Any:
    torch.manual_seed(0)
    return transformers.BertModel(transformers.BertConfig(**CONFIG)).eval()


@pytest.fixture
def node(cache: Path, tmp_path: Path, published: Any) -> dict[str, Any]:
    """The `encoder` config of a tiny public encoder whose wheel lies in the cache."""
    config = json.dumps({**CONFIG, "architectures": ["BertModel"], "transformers_version": "4.8.2"})
    weights = save({name: value.contiguous() for name, value in published.state_dict().items()})
    files = {
        "p/model/config.json": config,
        "p/model/model.safetensors": weights,
        "p/model/tokenizer.json": tokenizer().to_str(),
    }
    wheel = build_wheel(tmp_path, "tiny", files)
    pinned = pin(wheel)
    put(wheel, pinned, cache)
    return {
        "_target_": "lmstudy.models.reward_public.Public",
        "wheel": {"name": "tiny", "version": "1.0", "sha256": pinned.sha256, "licence": "MIT"},
        "folder": "p/model",
        "longest": 6,
    }


def test_it_reads_as_published(node, published):
    model, reader = build(node, "encoder").start([], None, None)
    rows = reader.read(["a good film", "film", "good good good good good good good"])
    assert [row.tokens.tolist() for row in rows] == [[2, 4, 5, 6, 3], [2, 6, 3], [2, 5, 5, 5, 5, 3]]
    model.eval()
    torch.nn.init.normal_(model.head.weight)
    means = torch.stack(
        [published(torch.tensor(row.tokens.tolist())[None]).last_hidden_state[0].mean(0) for row in rows]
    )
    assert torch.allclose(model(side_by_side(rows)), means @ model.head.weight[0], atol=1e-5)


def test_it_is_built_again_without_the_wheel(node):
    model, _ = build(node, "encoder").start([], None, None)
    assert "architectures" not in model.arguments["config"]
    again = PublicEncoder(**json.loads(json.dumps(model.arguments))).eval()
    again.load_state_dict(model.state_dict())
    rows = Rows(torch.tensor([[2, 4, 5, 3]]), torch.zeros(1, 0, dtype=torch.int64))
    assert torch.equal(again(rows), model.eval()(rows))


def test_a_wheel_that_lacks_the_folder(node):
    with pytest.raises(
        StudyError, match=r"encoder\.folder='elsewhere': tiny-1\.0.* holds no file elsewhere/config\.json"
    ):
        build({**node, "folder": "elsewhere"}, "encoder").start([], None, None)


@pytest.fixture
def on_vectors(node: dict[str, Any]) -> dict[str, Any]:
    sizes = {"d_model": 4, "heads": 1, "d_ff": 6, "layers": 1, "buckets": 30}
    return {**node, "_target_": "lmstudy.models.reward_own.OwnOnVectors", **sizes}


def test_an_own_encoder_stands_on_its_word_vectors(on_vectors, published):
    model, reader = build(on_vectors, "encoder").start(["a good film"], None, None)
    rows = reader.read(["a good film", "good film good film good film good film"])
    assert [row.tokens.tolist() for row in rows] == [[4, 5, 6], [5, 6, 5, 6, 5, 6]]
    found, known = model.encoder.text.embedding[0].weight, published.embeddings.word_embeddings.weight
    assert torch.allclose(torch.cov(found.T), torch.cov(known.T) / (known - known.mean(0)).var() / 4, atol=1e-4)
    before = found.clone()
    model.members(side_by_side(rows)).sum().backward()
    assert found.grad is None
    assert torch.equal(found, before)


@pytest.mark.parametrize("kind", ["node", "on_vectors"])
def test_it_starts_from_no_run_of_the_study(kind, request):
    with pytest.raises(StudyError, match="take encoder=own"):
        build(request.getfixturevalue(kind), "encoder").start([], None, Seq2SeqTransformer(9, 8, 8, 2, 8, 1, 1))
