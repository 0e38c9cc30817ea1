"""Where a model runs and in which type: chosen, refused or said."""

from __future__ import annotations

import math
import platform
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import ModelError

DTYPES = ("float32", "bfloat16", "float16")
# Largest absolute difference, per component of a unit vector, between a text alone and in a batch.
# Measured on the architecture of Qwen3-Embedding-0.6B with random weights: float32 2e-7, bfloat16
# 2.5e-3. Narrower vectors have larger components, so there is room of several times that.
TOLERANCES = {"float32": 1e-5, "bfloat16": 2e-2, "float16": 5e-3}

_MEMORY_SIGNS = (
    "can't allocate memory",
    "not enough memory",
    "out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
)
"""What torch says beside its OutOfMemoryError: on a CPU, and where another process has the GPU."""


@dataclass(frozen=True)
class Runtime:
    """A device, a type, and how they came about.

    Attributes:
        device: "cuda", "cuda:1", "mps" or "cpu".
        dtype: One of ``DTYPES``.
        note: A sentence for ``EmbedderInfo.notes``.
    """

    device: str
    dtype: str
    note: str


def choose_runtime(device: str | None, dtype: str | None) -> Runtime:
    """The device and type to use: the user's own, else the fastest that is exact enough.

    Raises:
        ModelError: A device that is not there, or a type it cannot compute in.
    """
    chosen = device or _best_device()
    _check_device(chosen)
    computed = dtype or _default_dtype(chosen)
    if computed not in DTYPES:
        raise ModelError(f"dtype={dtype!r} is not known. Allowed: {', '.join(DTYPES)}.")
    if computed == "float16" and chosen == "cpu":
        raise ModelError(
            "dtype='float16' was asked on the CPU, where it overflows in some models and gains "
            "nothing. Use 'float32' (exact) or 'bfloat16' (half the memory)."
        )
    how = "as asked" if device else "chosen: the best device found"
    what = "as asked" if dtype else "chosen for it"
    return Runtime(chosen, computed, f"runs on {chosen} ({how}) in {computed} ({what})")


def _best_device() -> str:
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _check_device(device: str) -> None:
    import torch

    try:
        asked = torch.device(device)
    except RuntimeError as exc:
        raise ModelError(f"device={device!r} is not a device name. Try 'cpu' or 'cuda'.") from exc
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if not there.get(asked.type, False):
        found = ", ".join(name for name, ok in there.items() if ok)
        raise ModelError(f"device={device!r} was asked and is not here. Found: {found}.")
    if asked.type == "cuda" and (asked.index or 0) >= torch.cuda.device_count():
        last = torch.cuda.device_count() - 1
        raise ModelError(
            f"device={device!r} was asked and is not here. The last one is cuda:{last}."
        )


def _default_dtype(device: str) -> str:
    import torch

    if device.startswith("cuda"):
        exact = torch.cuda.is_bf16_supported(including_emulation=False)
        return "bfloat16" if exact else "float16"
    return "float32"


def limit_threads() -> None:
    """No more threads of torch than processors that this process may use.

    torch counts those of the machine. A container may have fewer (affinity, or a quota of cgroups),
    and threads that wait for one another's turn take many times as long. A number that is lower
    already (``OMP_NUM_THREADS``, ``torch.set_num_threads``) stays.
    """
    import torch

    allowed = usable_processors()
    if torch.get_num_threads() > allowed:
        torch.set_num_threads(allowed)


def usable_processors(quota: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """Processors that this process may keep busy, at least 1."""
    import os

    count = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    if quota.exists():
        most, period = quota.read_text(encoding="ascii").split()
        if most != "max":
            count = min(count, math.ceil(int(most) / int(period)))
    return max(1, count)


def memory_in_use(device: str) -> int | None:
    """Bytes this process holds: on the GPU for cuda, else resident; None where unknown."""
    import torch

    if device.startswith("cuda"):
        return int(torch.cuda.memory_allocated(device))
    statm = Path("/proc/self/statm")
    if platform.system() != "Linux" or not statm.exists():
        return None
    import resource

    return int(statm.read_text().split()[1]) * resource.getpagesize()


def is_out_of_memory(exc: RuntimeError) -> bool:
    """Whether torch says that a device, or the system, has no more memory to give."""
    import torch

    said = str(exc)
    return isinstance(exc, torch.OutOfMemoryError) or any(sign in said for sign in _MEMORY_SIGNS)


def free_memory(device: str) -> int | None:
    """Bytes that are free on the device; None where the system does not tell."""
    import torch

    if device.startswith("cuda"):
        return int(torch.cuda.mem_get_info(device)[0])
    meminfo = Path("/proc/meminfo")
    if not device.startswith("cpu") or not meminfo.exists():
        return None
    lines = meminfo.read_text().splitlines()
    free = next((line for line in lines if line.startswith("MemAvailable:")), None)
    return None if free is None else int(free.split()[1]) * 1024


def give_back_memory(device: str) -> None:
    """Return what is no longer used to the GPU or to the system."""
    import ctypes
    import gc

    gc.collect()
    if device.startswith("cuda"):
        import torch

        torch.cuda.empty_cache()
    elif platform.libc_ver()[0] == "glibc":
        # glibc keeps freed blocks below 32 MB, which is most of a transformer: 0.7 GB of 2.4 for
        # Qwen3-Embedding-0.6B in float32
        ctypes.CDLL(None).malloc_trim(0)


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """No progress bar and no report of transformers inside; its settings are restored after."""
    from huggingface_hub.utils import (  # type: ignore[attr-defined]  # exported
        are_progress_bars_disabled,
        disable_progress_bars,
    )
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    hub_is_quiet = are_progress_bars_disabled()
    logging.set_verbosity(40)  # errors only
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
        if hub_is_quiet:  # transformers' switch moves the hub's too
            disable_progress_bars()
