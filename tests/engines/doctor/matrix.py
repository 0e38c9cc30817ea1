"""Every fault, on a real server, and what the doctor has to name."""

from __future__ import annotations

from tests.engines.doctor.cases import ON_LLAMACPP as LLAMACPP
from tests.engines.doctor.cases import Case, warned
from tests.engines.doctor.faults import TEXT_FAULTS
from tests.engines.doctor.wrong_vectors import ORDER_AND_COMPANY, PAYLOAD, WRONG_RECIPE
from tests.engines.doctor.wrong_ways import AGAINST, ENGINES, LIMITS, UNREACHABLE

CASES: tuple[Case, ...] = (
    *WRONG_RECIPE,
    *ORDER_AND_COMPANY,
    *PAYLOAD,
    *LIMITS,
    *AGAINST,
    *UNREACHABLE,
    *ENGINES,
)
ADDITIONAL: tuple[Case, ...] = (
    Case("infinity, no name for two models", "infinity two models", "model_not_served", model="x"),
    Case(
        "llama.cpp MiniLM, lower-cased is right",
        "llamacpp minilm",
        "dimensions_ignored",
        reference="minilm",
        fault=lambda _: TEXT_FAULTS["lower case"],
        **warned("dimensions"),
    ),
    Case(
        "infinity MiniLM, query prompt added",
        "infinity minilm",
        "unknown_recipe",
        reference="minilm",
        fault=lambda _: TEXT_FAULTS["query prompt added"],
    ),
    Case("vLLM, mean pooling", "vllm mean", "mean_pooling"),
    Case(
        "https asked of llama.cpp",
        LLAMACPP,
        "no_connection",
        address=lambda url: url.replace("http:", "https:"),
    ),
)
"""Where a server is started for one case alone, or is slow; ``python -m tests.engines.doctor``."""
SGLANG: tuple[Case, ...] = (
    Case("SGLang without --is-embedding", "sglang for text", "embeddings_off"),
)
