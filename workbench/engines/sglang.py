"""SGLang's command line for embeddings."""

from __future__ import annotations

from workbench.contracts import EngineChoice
from workbench.engines.program import OFFLINE, Image, Line, Order, Program


def _compose(order: Order) -> Line:
    line = Line(env=dict(OFFLINE))
    line.arguments += ["--model-path", order.path, "--served-model-name", order.served_name]
    # Qwen3-Embedding's architecture is that of a chat model: without this it answers 400
    line.arguments += ["--is-embedding", "--host", order.host, "--port", str(order.port)]
    if order.matryoshka:
        line.arguments += ["--json-model-override-args", '{"is_matryoshka": true}']
    if order.cpu:
        line.arguments += ["--device", "cpu"]
        line.env["SGLANG_USE_CPU_ENGINE"] = "1"
        line.notes.append("No GPU is seen here, so SGLang is started for the processor.")
    if ":" in order.served_name:
        line.notes.append("SGLang reads what follows a colon in a model's name as a LoRA adapter.")
    return line


SGLANG = Program(
    EngineChoice(
        "sglang",
        "SGLang",
        30000,
        "pip install sglang",
        "Fast on NVIDIA and AMD GPUs; on processors only with its CPU build.",
    ),
    packages=("sglang", "sglang-cpu"),
    module="sglang",
    run=("-m", "sglang.launch_server"),
    script="sglang",
    key_variable=None,
    image=Image(
        gpu="lmsysorg/sglang:v{version}",
        cpu="sglang-cpu:latest",
        start=("python3", "-m", "sglang.launch_server"),
        shares_memory=True,
        about="The CPU image has to be built: docker/xeon.Dockerfile in SGLang's source.",
    ),
    compose=_compose,
)
