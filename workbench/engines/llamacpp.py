"""llama.cpp's command line for embeddings: llama-server, or the server in the xllamacpp wheel."""

from __future__ import annotations

import os
from pathlib import Path

from workbench.contracts import EngineChoice
from workbench.engines.program import Image, Line, Order, Program

RUNNER = Path(__file__).with_name("llama_runner.py")
LONGEST = 8_192
POOLING = {"last_token": "last", "mean": "mean", "cls": "cls"}


def _compose(order: Order) -> Line:
    line = Line()
    length = min(order.look.context or LONGEST, LONGEST)
    line.arguments += ["--model", order.path, "--alias", order.served_name, "--embeddings"]
    if order.look.pooling is not None:
        line.arguments += ["--pooling", POOLING[order.look.pooling]]
    else:
        line.notes.append("How the model pools is not known; what its file says is done.")
    line.arguments += ["--host", order.host, "--port", str(order.port)]
    # a text is embedded in one step, which has to hold the longest one (ggml-org/llama.cpp#12836)
    for option in ("--ctx-size", "--batch-size", "--ubatch-size"):
        line.arguments += [option, str(length)]
    line.arguments += ["--parallel", "1", "--threads", str(count_threads())]
    if order.look.context > length:
        line.notes.append(
            f"Texts of up to {length:,} of the model's {order.look.context:,} tokens are taken, to "
            "spare memory; --ctx-size, --batch-size and --ubatch-size after -- take more."
        )
    if order.matryoshka:
        line.notes.append("llama.cpp ignores a request's dimensions: its vectors stay full.")
    return line


def count_threads() -> int:
    """Half of what this process may use: a thread too many spins, and slows the others down."""
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ()
    return max(1, (len(usable) or os.cpu_count() or 2) // 2)


LLAMACPP = Program(
    EngineChoice(
        "llamacpp",
        "llama.cpp",
        8080,
        "pip install xllamacpp",
        "Small and quick to start, on a processor too; reads .gguf files.",
    ),
    packages=("xllamacpp",),
    module="xllamacpp",
    run=(str(RUNNER),),
    script="llama-server",
    key_variable="LLAMA_API_KEY",
    image=Image(
        gpu="ghcr.io/ggml-org/llama.cpp:server-cuda", cpu="ghcr.io/ggml-org/llama.cpp:server"
    ),
    compose=_compose,
    wants_gguf=True,
)
