"""A workbench for text embeddings: paste texts, toggle one thing, see what it changed.

    import workbench as wb

    embedder = wb.load()                              # the bundled model: no download, no GPU
    result = embedder.embed(["苹果", "fruit"])          # result.vectors: (2, 384) float32
    wb.similarity(result.vectors)                     # (2, 2) cosines
    wb.explore()                                      # the panel, in a notebook

Every name below is looked up when it is first used, so that the import itself loads no torch, no
transformers, no plotly and no widgets.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.catalogue import explore, search_panel
    from workbench.contracts import (
        Diagnosis,
        Embedder,
        EmbedderInfo,
        Embeddings,
        Evaluation,
        Finding,
        PartialError,
        Prompt,
    )
    from workbench.doctor import diagnose
    from workbench.embedders import ApiKey, connect, load, models, stream
    from workbench.endpoints import doctor_panel, evaluation_panel, serve_panel
    from workbench.engines import TeachingServer, serve, serve_wrongly
    from workbench.errors import (
        AddressError,
        BusyError,
        Cancelled,
        CountError,
        DependencyError,
        DimError,
        DownloadError,
        EndpointError,
        EngineError,
        IncompleteModelError,
        IndexMismatchError,
        InputError,
        KeyRefusedError,
        MalformedReplyError,
        ModelError,
        ModelNotServedError,
        NotFiniteError,
        NullValueError,
        PayloadTypeError,
        PromptError,
        RedirectedError,
        RefusedError,
        ReplyError,
        ServerFaultError,
        TooLongError,
        UnknownModelError,
        UnreachableError,
        WorkbenchError,
        ZeroVectorError,
    )
    from workbench.evaluation import evaluate, rerun
    from workbench.maths import neighbours, similarity
    from workbench.studies import Projection, measure_background, project
    from workbench.studies.evaluation import EvaluationError, as_mteb_encoder, run_mteb
    from workbench.texts import samples
    from workbench.texts.tasks import builtin_tasks, read_task

# Threads of torch and numba sleep while they wait for each other. By default they spin, and take
# processors from the browser, the server and each other. Read when torch loads.
if not os.environ.keys() & {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"}:
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"

__version__ = "0.4.0"

__all__ = [
    "AddressError",
    "ApiKey",
    "BusyError",
    "Cancelled",
    "CountError",
    "DependencyError",
    "Diagnosis",
    "DimError",
    "DownloadError",
    "Embedder",
    "EmbedderInfo",
    "Embeddings",
    "EndpointError",
    "EngineError",
    "Evaluation",
    "EvaluationError",
    "Finding",
    "IncompleteModelError",
    "IndexMismatchError",
    "InputError",
    "KeyRefusedError",
    "MalformedReplyError",
    "ModelError",
    "ModelNotServedError",
    "NotFiniteError",
    "NullValueError",
    "PartialError",
    "PayloadTypeError",
    "Projection",
    "Prompt",
    "PromptError",
    "RedirectedError",
    "RefusedError",
    "ReplyError",
    "ServerFaultError",
    "TeachingServer",
    "TooLongError",
    "UnknownModelError",
    "UnreachableError",
    "WorkbenchError",
    "ZeroVectorError",
    "__version__",
    "as_mteb_encoder",
    "builtin_tasks",
    "connect",
    "diagnose",
    "doctor_panel",
    "evaluate",
    "evaluation_panel",
    "explore",
    "load",
    "measure_background",
    "models",
    "neighbours",
    "project",
    "read_task",
    "rerun",
    "run_mteb",
    "samples",
    "search_panel",
    "serve",
    "serve_panel",
    "serve_wrongly",
    "similarity",
    "stream",
]

_HOMES = {
    "ApiKey": "workbench.embedders",
    "Diagnosis": "workbench.contracts",
    "Embedder": "workbench.contracts",
    "EmbedderInfo": "workbench.contracts",
    "Embeddings": "workbench.contracts",
    "Finding": "workbench.contracts",
    "PartialError": "workbench.contracts",
    "Projection": "workbench.studies",
    "Prompt": "workbench.contracts",
    "TeachingServer": "workbench.engines",
    "connect": "workbench.embedders",
    "diagnose": "workbench.doctor",
    "doctor_panel": "workbench.endpoints",
    "explore": "workbench.catalogue",
    "load": "workbench.embedders",
    "measure_background": "workbench.studies",
    "models": "workbench.embedders",
    "neighbours": "workbench.maths",
    "project": "workbench.studies",
    "Evaluation": "workbench.contracts",
    "EvaluationError": "workbench.studies.evaluation",
    "builtin_tasks": "workbench.texts.tasks",
    "read_task": "workbench.texts.tasks",
    "evaluate": "workbench.evaluation",
    "rerun": "workbench.evaluation",
    "evaluation_panel": "workbench.endpoints",
    "as_mteb_encoder": "workbench.studies.evaluation",
    "run_mteb": "workbench.studies.evaluation",
    "samples": "workbench.texts",
    "search_panel": "workbench.catalogue",
    "serve": "workbench.engines",
    "serve_panel": "workbench.endpoints",
    "serve_wrongly": "workbench.engines",
    "similarity": "workbench.maths",
    "stream": "workbench.embedders",
}


if not TYPE_CHECKING:  # a type checker reads the imports above and rejects any other name

    def __getattr__(name: str) -> object:
        """Import a public name from the room it lives in, once."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value: object = getattr(import_module(_HOMES.get(name, "workbench.errors")), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
