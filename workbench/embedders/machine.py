"""What torch knows of the machine: the most a GPU held, threads, the GPU's name."""

from __future__ import annotations

import sys
from collections.abc import Callable


def watch_gpu(device: str | None) -> Callable[[], int | None]:
    """Begin to watch what torch holds on a GPU.

    torch's own high-water mark is reset: looking now and then would miss most of it, since blocks
    are taken and freed faster than anyone can look.

    Args:
        device: Where an embedder computes, as ``EmbedderInfo.device``.

    Returns:
        Says the most bytes held since; None where it is no GPU of CUDA.
    """
    if device is None or not device.startswith("cuda"):
        return lambda: None
    import torch

    torch.cuda.reset_peak_memory_stats(device)
    return lambda: int(torch.cuda.max_memory_allocated(device))


def describe_compute() -> dict[str, str]:
    """Threads of torch and the GPU's name, where torch is in use already; else nothing."""
    if "torch" not in sys.modules:
        return {}
    import torch

    facts = {"threads": str(torch.get_num_threads())}
    if torch.cuda.is_available():
        facts["gpu"] = torch.cuda.get_device_name()
    return facts
