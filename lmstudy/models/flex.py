"""Attention over packed rows that leaves out what no query may see, for GPUs: PyTorch's `flex_attention`.

The mask is a function of positions, and for every block of 128 x 128 of them it is known beforehand whether it holds
anything: blocks between two examples, ahead of a causal query or in the padding cost nothing, and no mask of Q x M
numbers goes through every layer (Dong et al. 2024, Flex Attention). It wants `torch.compile`, and has a backward pass
on GPUs alone.

Shape suffixes as in `transformer`.
"""

from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention


def block_mask(query_documents_BQ: Tensor, key_documents_BM: Tensor, *, causal: bool) -> BlockMask:
    """`same_example` as blocks: a query sees the keys of its own example, not ahead if causal.

    Padding queries see nothing, so that their blocks are left out; `flex_attention` gives them zeros.
    """

    def allowed(row: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        document = query_documents_BQ[row, query]
        same = (document == key_documents_BM[row, key]) & (document > 0)
        return same & (query >= key) if causal else same

    rows, queries = query_documents_BQ.shape
    # One mask for all heads.
    return create_block_mask(allowed, rows, None, queries, key_documents_BM.shape[1], device=query_documents_BQ.device)


def attend(q_BHQK: Tensor, k_BHMK: Tensor, v_BHMK: Tensor, mask: BlockMask) -> Tensor:
    """softmax(QK^T / sqrt(K)) V over what the mask allows: [B, H, Q, K]."""
    # Rotation by a float32 table leaves float32 under autocast; autocast does not reach `flex_attention`.
    mixed = flex_attention(q_BHQK.to(v_BHMK.dtype), k_BHMK.to(v_BHMK.dtype), v_BHMK, block_mask=mask)
    assert isinstance(mixed, Tensor)  # a pair only where the log-sum-exp is asked for
    return mixed
