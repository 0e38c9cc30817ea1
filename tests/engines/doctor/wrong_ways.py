"""Faults of addresses, keys, names and limits; and what other engines and references add."""

from __future__ import annotations

from tests.browser.server import free_port
from tests.engines.doctor.cases import ON_LLAMACPP as LLAMACPP
from tests.engines.doctor.cases import Case, remembering, spoiled, warned
from tests.engines.doctor.faults import TEXT_FAULTS
from tests.engines.doctor.proxy import as_it_is
from tests.engines.doctor.replies import PAYLOADS, above_body, above_items, above_tokens

LIMITS: tuple[Case, ...] = (
    remembering("items 16", "few_items", lambda: above_items(16, 422), **warned("limits")),
    remembering("items 16, 413", "few_items", lambda: above_items(16, 413), **warned("limits")),
    remembering("bodies of 1 MB", "small_bodies", above_body, **warned("limits")),
    Case(
        "500 above 512 tokens",
        LLAMACPP,
        "context_too_small",
        fault=lambda world: above_tokens(world.model("tiny"), 512),
        **warned("truncation"),
    ),
    Case(
        "context of 128 tokens", "llamacpp 128 tokens", "context_too_small", **warned("truncation")
    ),
    spoiled("other components for dimensions", "dimensions_wrong", PAYLOADS["other components"]),
)

AGAINST: tuple[Case, ...] = (
    Case(
        "no end token, against a saved file",
        "llamacpp no end token",
        "end_token_missing",
        against=lambda world: world.golden(),
    ),
    Case(
        "other weights, against a saved file",
        "llamacpp other",
        "another_model",
        against=lambda world: world.golden(),
    ),
    Case(
        "query prompt added, against a saved file",
        LLAMACPP,
        "query_prompt_added",
        fault=lambda _: TEXT_FAULTS["query prompt added"],
        against=lambda world: world.golden(),
    ),
    Case(
        "other weights, against another endpoint",
        "llamacpp other",
        "another_model",
        against=lambda world: "{0.base_url}#{0.name}".format(world.server(LLAMACPP)),
    ),
    Case("nothing to hold it against", LLAMACPP, "nothing_to_compare", "unknown", reference=""),
)
"""Held against something else than weights."""

UNREACHABLE: tuple[Case, ...] = (
    Case("address without /v1", LLAMACPP, "native_route", address=lambda url: url[: -len("/v1")]),
    Case(
        "a path that is not there",
        LLAMACPP,
        "wrong_path",
        address=lambda url: url.replace("/v1", "/api/v2"),
    ),
    Case("embeddings off", "llamacpp without embeddings", "embeddings_off"),
    Case("wrong key", "llamacpp with a key", "key_refused", key="sk-wrong"),
    Case("no key", "llamacpp with a key", "key_missing", key=None),
    Case(
        "nothing listens",
        "",
        "nothing_listens",
        address=lambda _: f"http://127.0.0.1:{free_port()}/v1",
    ),
    Case(
        "a name that nobody knows",
        "",
        "dns_failed",
        address=lambda _: "http://no-such-host.invalid/v1",
    ),
    Case(
        "https asked of http",
        LLAMACPP,
        "tls_failed",
        fault=lambda _: as_it_is,
        address=lambda url: url.replace("http:", "https:"),
    ),
    spoiled("redirected", "redirected", PAYLOADS["redirected"]),
    spoiled("a route that is not there", "no_embeddings_route", PAYLOADS["no route"]),
    spoiled("500 to all", "server_fails", PAYLOADS["500 to all"]),
    spoiled("502 to all", "gateway_without_server", PAYLOADS["502 to all"]),
    spoiled("a page", "not_an_api", PAYLOADS["a page"]),
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
    ),
    Case("infinity, white space", "infinity", "whitespace_stripped", **warned("parity")),
    Case("infinity, dimensions", "infinity", "dimensions_not_normalised", **warned("dimensions")),
    Case("infinity, cut", "infinity", "cut_silently", **warned("truncation")),
)
