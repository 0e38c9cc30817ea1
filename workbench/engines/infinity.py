"""infinity's command line for embeddings."""

from __future__ import annotations

import json
from pathlib import Path

from workbench.contracts import EngineChoice
from workbench.engines.program import OFFLINE, Image, Line, Order, Program


def _compose(order: Order) -> Line:
    line = Line(env={**OFFLINE, "INFINITY_ANONYMOUS_USAGE_STATS": "0", "DO_NOT_TRACK": "1"})
    line.arguments += ["v2", "--model-id", order.path, "--served-model-name", order.served_name]
    # its own default prefix is none, which puts the embeddings at /embeddings (infinity#298)
    line.arguments += ["--host", order.host, "--port", str(order.port), "--url-prefix", "/v1"]
    line.arguments += ["--engine", "torch", "--no-bettertransformer"]
    if order.cpu:
        line.arguments += ["--device", "cpu"]
    if order.matryoshka:
        line.notes.append("infinity cuts vectors on request, and does not normalise them again.")
    if _is_saved_by_transformers_5(order.look.path):
        line.notes.append(
            "config.json was saved by transformers 5, and infinity's transformers 4 misreads where "
            "it keeps rope_theta: vectors will be wrong. Put back the model's own config.json."
        )
    line.notes.append("infinity strips white space around texts, and cuts long ones silently.")
    return line


def _is_saved_by_transformers_5(directory: Path) -> bool:
    try:
        config = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return "rope_parameters" in config and "rope_theta" not in config


INFINITY = Program(
    EngineChoice(
        "infinity",
        "infinity",
        7997,
        "pip install 'infinity-emb[server,torch]'",
        "Serves whatever sentence-transformers loads, on a processor too.",
    ),
    packages=("infinity-emb",),
    module="infinity_emb",
    run=("-m", "infinity_emb.cli"),
    script="infinity_emb",
    key_variable="INFINITY_API_KEY",
    image=Image(
        gpu="michaelf34/infinity:{version}",
        cpu="michaelf34/infinity:{version}-cpu",
    ),
    compose=_compose,
)
