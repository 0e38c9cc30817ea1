"""Every fault, on a real server, and what the doctor has to name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.browser.server import free_port
from tests.engines.doctor.cases import Case
from tests.engines.doctor.faults import (
    TEXT_FAULTS,
    VECTOR_FAULTS,
    add_noise,
    cross_answers,
    cut_tokens,
    from_another,
    one_in,
    only_equal_lengths,
)
from tests.engines.doctor.proxy import Fault
from tests.engines.doctor.replies import (
    PAYLOADS,
    above_body,
    above_items,
    above_tokens,
    cached_by,
    second_call_wrong,
)

LLAMACPP = "llamacpp"
Make = Callable[[], Fault]


def _spoiled(name: str, cause: str, fault: Fault, **more: Any) -> Case:
    """llama.cpp behind a fault that remembers nothing."""
    return Case(name, LLAMACPP, cause, fault=lambda _: fault, **more)


def _remembering(name: str, cause: str, make: Make, **more: Any) -> Case:
    """llama.cpp behind a fault that is made anew."""
    return Case(name, LLAMACPP, cause, fault=lambda _: make(), **more)


def _warned(probe: str) -> dict[str, Any]:
    return {"status": "warn", "probe": probe}


def _remarked(probe: str, server_warns: bool = True) -> dict[str, Any]:
    """Told, and nothing to mend; llama.cpp has its ignored dimensions to be warned of."""
    return {"status": "warn" if server_warns else "ok", "probe": probe}


WRONG_RECIPE: tuple[Case, ...] = (
    Case("no end token in the file", "llamacpp no end token", "end_token_missing"),
    Case("mean pooling in the file", "llamacpp mean", "mean_pooling"),
    Case("first-token pooling in the file", "llamacpp cls", "cls_pooling"),
    Case("mean pooling by the command line", "llamacpp told mean", "mean_pooling"),
    Case("another base of positions in the file", "llamacpp rope base", "rope_base"),
    Case("8 bits", "llamacpp Q8_0", "quantised_8bit", **_warned("parity")),
    Case("4 bits", "llamacpp Q4_0", "quantised_4bit"),
    Case("another model's weights", "llamacpp other", "another_model"),
    Case("a model of another width", "llamacpp minilm", "another_model", model="tiny-qwen3"),
    Case(
        "another model behind a gateway",
        LLAMACPP,
        "another_model",
        fault=lambda world: from_another(world.server("llamacpp other").base_url),
    ),
    Case(
        "the end of a chat message for the end token",
        "llamacpp no end token",
        "chat_end_token",
        fault=lambda _: TEXT_FAULTS["end of a chat message"],
    ),
    _spoiled("query prompt added", "query_prompt_added", TEXT_FAULTS["query prompt added"]),
    _spoiled("query prompt added twice", "query_prompt_twice", TEXT_FAULTS["query prompt twice"]),
    _spoiled("second end token", "end_token_doubled", TEXT_FAULTS["second end token"]),
    _spoiled("chat template", "chat_template", TEXT_FAULTS["chat template"]),
    _spoiled(
        "white space stripped",
        "whitespace_stripped",
        TEXT_FAULTS["white space stripped"],
        **_warned("parity"),
    ),
    _spoiled(
        "newlines to spaces",
        "newlines_to_spaces",
        TEXT_FAULTS["newlines to spaces"],
        **_warned("parity"),
    ),
    _spoiled("lower case", "lowercased", TEXT_FAULTS["lower case"], **_warned("parity")),
    Case(
        "cut at 64 tokens",
        LLAMACPP,
        "cut_silently",
        fault=lambda world: cut_tokens(world.model("tiny"), 64),
    ),
    _remembering("noise at every call", "answers_vary", lambda: add_noise(0.98)),
)
"""The vectors are made otherwise than the model's recipe says."""

ORDER_AND_COMPANY: tuple[Case, ...] = (
    _spoiled("reversed", "order_reversed", VECTOR_FAULTS["reversed"]),
    _spoiled("rotated", "order_permuted", VECTOR_FAULTS["rotated"]),
    _spoiled(
        "list turned, index right",
        "order_reversed_with_index",
        PAYLOADS["list turned, index right"],
        **_warned("decode"),
    ),
    _spoiled(
        "list turned, index made to fit",
        "order_reversed",
        PAYLOADS["list turned, index made to fit"],
    ),
    _spoiled("padding attended to", "batch_dependent", VECTOR_FAULTS["padding attended to"]),
    Case(
        "batches of equal lengths wrong",
        LLAMACPP,
        "equal_length_batch",
        fault=lambda world: only_equal_lengths(world.model("tiny")),
    ),
    _remembering("one call of 20 wrong", "two_clusters", lambda: one_in(20)),
    _remembering("second call differs", "second_call_differs", second_call_wrong),
    _remembering("answers crossed", "answers_crossed", cross_answers),
    _remembering("cache by 24 characters", "cache", lambda: cached_by(lambda text: text[:24])),
    _remembering("cache by folded text", "cache", lambda: cached_by(lambda t: t.strip().lower())),
    _remembering(
        "cache without dimensions",
        "dimensions_ignored",
        lambda: cached_by(str, dimensions=False),
        **_warned("dimensions"),
    ),
    _spoiled("one vector for all", "texts_alike", VECTOR_FAULTS["one vector for all"]),
)
"""A text's vector depends on what else was asked, or is another text's."""

PAYLOAD: tuple[Case, ...] = (
    _spoiled(
        "floats for base64", "base64_ignored", PAYLOADS["floats for base64"], **_warned("decode")
    ),
    _spoiled("float64", "float64", PAYLOADS["float64"]),
    _spoiled("float16", "float16", PAYLOADS["float16"]),
    _spoiled("big-endian", "big_endian", PAYLOADS["big-endian"]),
    _spoiled("a quarter of zeros", "quarter_zeros", PAYLOADS["a quarter of zeros"]),
    _spoiled("NaN for some", "not_finite", PAYLOADS["NaN for some"]),
    _spoiled("null for some", "null", PAYLOADS["null for some"]),
    _spoiled("index all zero", "index_wrong", PAYLOADS["index all zero"]),
    _spoiled("one vector too few", "count_wrong", PAYLOADS["one vector too few"]),
    _spoiled("no data", "no_data", PAYLOADS["no data"]),
    _spoiled("half the width", "sliced", VECTOR_FAULTS["half the width"]),
    _spoiled("half the width, normalised", "sliced", VECTOR_FAULTS["half the width, normalised"]),
    _spoiled("norm 8", "not_normalised", VECTOR_FAULTS["norm 8"], **_warned("vectors")),
    _spoiled("usage zero", "usage_absent", PAYLOADS["usage zero"], **_remarked("tokens")),
)
"""What arrives is not the numbers that were computed."""

LIMITS: tuple[Case, ...] = (
    _remembering("items 16", "few_items", lambda: above_items(16, 422), **_warned("limits")),
    _remembering("items 16, 413", "few_items", lambda: above_items(16, 413), **_warned("limits")),
    _remembering("bodies of 1 MB", "small_bodies", above_body, **_warned("limits")),
    Case(
        "500 above 512 tokens",
        LLAMACPP,
        "context_too_small",
        fault=lambda world: above_tokens(world.model("tiny"), 512),
        **_warned("truncation"),
    ),
    Case(
        "context of 128 tokens", "llamacpp 128 tokens", "context_too_small", **_warned("truncation")
    ),
    _spoiled("other components for dimensions", "dimensions_wrong", PAYLOADS["other components"]),
)

UNREACHABLE: tuple[Case, ...] = (
    Case("address without /v1", LLAMACPP, "native_route", address=lambda url: url[: -len("/v1")]),
    Case(
        "a path that is not there",
        LLAMACPP,
        "no_embeddings_route",
        address=lambda url: url.replace("/v1", "/api/v2"),
    ),
    Case("embeddings off", "llamacpp without embeddings", "embeddings_off"),
    Case("wrong key", "llamacpp with a key", "key_refused", key="sk-wrong"),
    Case("no key", "llamacpp with a key", "key_missing", key=None),
    Case(
        "nothing listens",
        "",
        "nothing_listens",
        "unknown",
        address=lambda _: f"http://127.0.0.1:{free_port()}/v1",
    ),
    Case(
        "a name that nobody knows",
        "",
        "dns_failed",
        "unknown",
        address=lambda _: "http://no-such-host.invalid/v1",
    ),
    Case(
        "https asked of http",
        LLAMACPP,
        "tls_failed",
        "unknown",
        address=lambda url: url.replace("http:", "https:"),
    ),
    _spoiled("redirected", "redirected", PAYLOADS["redirected"]),
    _spoiled("a page", "not_an_api", PAYLOADS["a page"]),
)
"""No vectors come at all."""

ENGINES: tuple[Case, ...] = (
    Case("vLLM, name not served", "vllm", "model_not_served", model="no-such-model"),
    Case("vLLM, key missing", "vllm", "key_missing", key=None),
    Case(
        "vLLM, query prompt added",
        "vllm",
        "query_prompt_added",
        fault=lambda _: TEXT_FAULTS["query prompt added"],
    ),
    Case(
        "vLLM, second end token",
        "vllm",
        "end_token_doubled",
        fault=lambda _: TEXT_FAULTS["second end token"],
    ),
    Case("vLLM, MiniLM in its place", "vllm minilm", "another_model"),
    Case(
        "infinity, saved by transformers 5",
        "infinity saved by transformers 5",
        "rope_base",
        known=frozenset(),
    ),
    Case("infinity, white space", "infinity", "whitespace_stripped", **_warned("parity")),
    Case("infinity, dimensions", "infinity", "dimensions_not_normalised", **_warned("dimensions")),
    Case("infinity, cut", "infinity", "cut_silently", **_warned("truncation")),
    Case(
        "infinity MiniLM, query prompt added",
        "infinity minilm",
        "unknown_recipe",
        reference="minilm",
        fault=lambda _: TEXT_FAULTS["query prompt added"],
    ),
    Case(
        "llama.cpp MiniLM, lower-cased is right",
        "llamacpp minilm",
        "dimensions_ignored",
        reference="minilm",
        fault=lambda _: TEXT_FAULTS["lower case"],
        **_warned("dimensions"),
    ),
)

CASES: tuple[Case, ...] = (
    *WRONG_RECIPE,
    *ORDER_AND_COMPANY,
    *PAYLOAD,
    *LIMITS,
    *UNREACHABLE,
    *ENGINES,
)
ADDITIONAL: tuple[Case, ...] = (
    Case("infinity, no name for two models", "infinity two models", "model_not_served", model="x"),
    Case("vLLM, mean pooling", "vllm mean", "mean_pooling"),
)
"""Where a server is started for one case alone; an additional run."""
SGLANG: tuple[Case, ...] = (
    Case("SGLang without --is-embedding", "sglang for text", "embeddings_off"),
)
