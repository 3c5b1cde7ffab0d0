"""`trainer.precision=16-mixed`: products in float16, for GPUs that have no bfloat16.

float16 has numbers from 6e-8 to 65,504, and gradients are often smaller. So the loss is multiplied by a factor before
gradients are taken, and a step whose gradients are not finite is left out and halves the factor (Micikevicius et al.
2018). Gradients of logits, which are taken chunk by chunk, have a factor of their own (`lmstudy.training.chunked`).
"""

from typing import Any

from lightning.pytorch.plugins.precision import MixedPrecision


class Float16(MixedPrecision):
    """Lightning's mixed precision with a loss scaler, for optimisers of which PyTorch's kernels are fused, too.

    Those would divide by the factor within their step, which is behind the clipping: norms would be of scaled
    gradients. Here it is divided by before.

    Args:
        device: "cuda", or "cpu", where it is slow.
    """

    def __init__(self, device: str) -> None:
        super().__init__("16-mixed", device)

    def optimizer_step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        optimizer._step_supports_amp_scaling = False
        return super().optimizer_step(optimizer, *args, **kwargs)
