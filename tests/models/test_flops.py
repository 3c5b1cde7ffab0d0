"""The closed form against PyTorch's own counter of the operations that really run."""

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from lmstudy.data.batch import Seq2SeqBatch
from lmstudy.models.flops import Sizes, forward_flops, training_flops
from lmstudy.models.transformer import Seq2SeqTransformer


def counted(sizes: Sizes, rows: int, S: int, T: int, backward: bool) -> int:
    model = Seq2SeqTransformer(
        sizes.vocab_size, max(S, T), sizes.d_model, 2, sizes.d_ff, sizes.encoder_layers, sizes.decoder_layers
    )
    read, written = torch.ones(rows, S, dtype=torch.int64), torch.ones(rows, T, dtype=torch.int64)
    batch = Seq2SeqBatch(read, read, written, written, written, torch.tensor(rows * T), written)
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        logits = model(batch)
        if backward:
            logits.sum().backward()
    return counter.get_total_flops()


@pytest.mark.parametrize("shape", [(2, 8, 24), (3, 40, 16), (1, 16, 16)])
@pytest.mark.parametrize("layers", [(1, 1), (3, 2)])
def test_the_closed_form_equals_the_counter(shape, layers):
    sizes = Sizes(vocab_size=96, d_model=16, d_ff=44, encoder_layers=layers[0], decoder_layers=layers[1])
    assert forward_flops(sizes, *shape) == counted(sizes, *shape, backward=False)
    assert training_flops(sizes, *shape) == counted(sizes, *shape, backward=True)
