"""Checkpoints that are whole or absent, also on a disk that fills while one is written.

Lightning writes to the folder of temporary files first, and moves: between two disks that is a copy, which can be cut.
"""

import io
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO

from lmstudy.atomic import replacing
from lmstudy.errors import StudyError


class WholeCheckpoints(TorchCheckpointIO):
    """Writes beside the final name, flushes to the disk, and puts the file in place."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Raises StudyError, which names the file and says why, for a checkpoint that cannot be written."""
        content = io.BytesIO()
        torch.save(checkpoint, content)  # writing to a file itself, torch would hide why it cannot
        try:
            with replacing(Path(path)) as temporary:
                temporary.write_bytes(content.getbuffer())
        except OSError as error:
            step = checkpoint.get("global_step")
            raise StudyError(
                f"the checkpoint of step {step} cannot be written to {path} ({error.strerror}): the training stops "
                "here, and earlier checkpoints are kept; put that right and give the same command again"
            ) from error
