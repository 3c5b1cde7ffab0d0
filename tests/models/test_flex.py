"""Block masks compute what dense masks compute; on a GPU also compiled, with gradients."""

import pytest
import torch
from torch.nn.attention import flex_attention as library

from lmstudy.data.batch import Seq2SeqBatch
from lmstudy.models.transformer import Seq2SeqTransformer, block_mask, same_example
from tests.models.test_transformer import batch_of

V, S, T = 50, 150, 200  # more than a block of 128 on either side, and no multiple of it


def make_model(attention: str) -> Seq2SeqTransformer:
    torch.manual_seed(0)
    model = Seq2SeqTransformer(V, T, d_model=32, heads=2, d_ff=48, encoder_layers=2, decoder_layers=2)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    model.attention = attention
    return model


def documents(lengths: list[list[int]], positions: int) -> torch.Tensor:
    """Numbered from 1, padding behind them."""
    rows = [torch.repeat_interleave(torch.arange(1, len(row) + 1), torch.tensor(row)) for row in lengths]
    return torch.stack([torch.nn.functional.pad(row, (0, positions - len(row))) for row in rows])


def packed_batch(seed: int = 0) -> Seq2SeqBatch:
    """A row with padding on both sides, one full of a single example, one with padding in the decoder alone."""
    g = torch.Generator().manual_seed(seed)
    read = documents([[40, 30, 20], [S], [100, 50]], S)
    written = documents([[60, 50, 40], [T], [130, 30]], T)
    tokens = [torch.randint(5, V, x.shape, generator=g) for x in (read, written)]
    return batch_of(tokens[0], read, tokens[1], written)


@pytest.fixture
def uncompiled(monkeypatch):
    """`flex_attention` by its formula, as PyTorch's own switch for debugging has it."""
    monkeypatch.setattr(library, "_FLEX_ATTENTION_DISABLE_COMPILE_DEBUG", True)


@pytest.mark.usefixtures("uncompiled")
def test_block_masks_give_the_logits_of_dense_masks():
    batch = packed_batch()
    with torch.no_grad():
        dense, blocks = make_model("dense")(batch), make_model("flex")(batch)
    real = batch.decoder_documents > 0
    torch.testing.assert_close(blocks[real], dense[real], rtol=1e-4, atol=1e-5)
    assert torch.isfinite(blocks).all()


@pytest.mark.usefixtures("uncompiled")
def test_block_masks_give_the_gradients_of_dense_masks(monkeypatch):
    monkeypatch.setattr(library, "_validate_device", lambda *tensors: None)  # the formula does run on a CPU
    batch, gradients = packed_batch(), {}
    for attention in ("dense", "flex"):
        model = make_model(attention)
        model(batch)[batch.decoder_documents > 0].logsumexp(-1).mean().backward()
        gradients[attention] = {name: p.grad for name, p in model.named_parameters()}
    for name, gradient in gradients["dense"].items():
        torch.testing.assert_close(gradients["flex"][name], gradient, rtol=1e-3, atol=1e-6, msg=name)


@pytest.mark.parametrize("causal", [False, True])
def test_a_block_is_left_out_unless_a_pair_of_one_example_lies_in_it(causal):
    read, written = documents([[128, 128, 128]], 512), documents([[100, 156, 128, 128]], 512)
    keys = written if causal else read
    found = block_mask(written, keys, causal=causal).to_dense()[0, 0]
    allowed = same_example(written, keys, causal=causal)[0] & (written[0] > 0)[:, None]
    wanted = torch.stack([torch.stack([b.any() for b in a.chunk(4, 1)]) for a in allowed.chunk(4)])
    assert torch.equal(found.bool(), wanted)
    assert 4 <= int(wanted.sum()) < 16


def test_batches_of_other_documents_compile_nothing_anew():
    """Two graphs for the layers of two stacks, however the examples of a batch lie."""
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    model = make_model("flex")
    for layer in model.layers:
        layer.compile(dynamic=False, backend="eager")
    batch = packed_batch()
    other = Seq2SeqBatch(*(field.flip(0) if field.ndim else field for field in batch))
    with torch.no_grad():
        model(batch)
        model(other)
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 2
    assert not torch._dynamo.utils.counters["graph_break"]
    torch._dynamo.reset()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
@pytest.mark.parametrize("by_layer", [False, True])
def test_compiled_on_a_gpu_loss_and_gradients_are_those_of_dense_masks(by_layer):
    batch = Seq2SeqBatch(*(field.cuda() for field in packed_batch()))
    losses, gradients = {}, {}
    for attention in ("dense", "flex"):
        model = make_model(attention).cuda()
        if attention == "flex" and by_layer:
            for layer in model.layers:
                layer.compile(dynamic=False)
        elif attention == "flex":
            model.hidden = torch.compile(model.hidden, dynamic=False)
        loss = model(batch)[batch.decoder_documents > 0].logsumexp(-1).mean()
        loss.backward()
        losses[attention] = float(loss)
        gradients[attention] = torch.cat([p.grad.flatten() for p in model.parameters()])
    assert losses["flex"] == pytest.approx(losses["dense"], rel=1e-3)
    difference = (gradients["flex"] - gradients["dense"]).norm() / gradients["dense"].norm()
    assert difference < 1e-2
