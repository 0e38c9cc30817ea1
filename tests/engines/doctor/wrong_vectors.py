"""Faults of vectors: made otherwise than the recipe says, mixed up, or sent as other numbers."""

from __future__ import annotations

from tests.engines.doctor.caches import cached_by, second_call_wrong
from tests.engines.doctor.cases import ON_LLAMACPP as LLAMACPP
from tests.engines.doctor.cases import Case, remembering, spoiled, warned
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
from tests.engines.doctor.replies import PAYLOADS

WRONG_RECIPE: tuple[Case, ...] = (
    Case("no end token in the file", "llamacpp no end token", "end_token_missing"),
    Case("mean pooling in the file", "llamacpp mean", "mean_pooling"),
    Case("first-token pooling in the file", "llamacpp cls", "cls_pooling"),
    Case("mean pooling by the command line", "llamacpp told mean", "mean_pooling"),
    Case("another base of positions in the file", "llamacpp rope base", "rope_base"),
    Case("8 bits", "llamacpp Q8_0", "quantised_8bit", **warned("parity")),
    Case("4 bits", "llamacpp Q4_0", "quantised_4bit"),
    Case("another model's weights", "llamacpp other", "another_model"),
    Case("MiniLM, first-token pooling", "llamacpp minilm cls", "cls_pooling", reference="minilm"),
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
    spoiled("query prompt added", "query_prompt_added", TEXT_FAULTS["query prompt added"]),
    spoiled("query prompt added twice", "query_prompt_twice", TEXT_FAULTS["query prompt twice"]),
    spoiled("second end token", "end_token_doubled", TEXT_FAULTS["second end token"]),
    spoiled("chat template", "chat_template", TEXT_FAULTS["chat template"]),
    spoiled(
        "white space stripped",
        "whitespace_stripped",
        TEXT_FAULTS["white space stripped"],
        **warned("parity"),
    ),
    spoiled(
        "newlines to spaces",
        "newlines_to_spaces",
        TEXT_FAULTS["newlines to spaces"],
        **warned("parity"),
    ),
    spoiled("lower case", "lowercased", TEXT_FAULTS["lower case"], **warned("parity")),
    Case(
        "cut at 64 tokens",
        LLAMACPP,
        "cut_silently",
        fault=lambda world: cut_tokens(world.model("tiny"), 64),
    ),
    remembering("noise at every call", "answers_vary", lambda: add_noise(0.98)),
)
"""The vectors are made otherwise than the model's recipe says."""

ORDER_AND_COMPANY: tuple[Case, ...] = (
    spoiled("reversed", "order_reversed", VECTOR_FAULTS["reversed"]),
    spoiled("rotated", "order_permuted", VECTOR_FAULTS["rotated"]),
    spoiled(
        "list turned, index right",
        "order_reversed_with_index",
        PAYLOADS["list turned, index right"],
        **warned("decode"),
    ),
    spoiled(
        "list turned, index made to fit",
        "order_reversed",
        PAYLOADS["list turned, index made to fit"],
    ),
    spoiled("padding attended to", "batch_dependent", VECTOR_FAULTS["padding attended to"]),
    Case(
        "batches of equal lengths wrong",
        LLAMACPP,
        "equal_length_batch",
        fault=lambda world: only_equal_lengths(world.model("tiny")),
    ),
    remembering("one call of 20 wrong", "two_clusters", lambda: one_in(20)),
    remembering("second call differs", "second_call_differs", second_call_wrong),
    remembering("answers crossed", "answers_crossed", cross_answers),
    remembering("cache by 24 characters", "cache", lambda: cached_by(lambda text: text[:24])),
    remembering("cache by folded text", "cache", lambda: cached_by(lambda t: t.strip().lower())),
    remembering(
        "cache without dimensions",
        "dimensions_ignored",
        lambda: cached_by(str, dimensions=False),
        **warned("dimensions"),
    ),
    spoiled("one vector for all", "texts_alike", VECTOR_FAULTS["one vector for all"]),
)
"""A text's vector depends on what else was asked, or is another text's."""

PAYLOAD: tuple[Case, ...] = (
    spoiled(
        "floats for base64", "base64_ignored", PAYLOADS["floats for base64"], **warned("decode")
    ),
    spoiled("float64", "float64", PAYLOADS["float64"]),
    spoiled("float16", "float16", PAYLOADS["float16"]),
    spoiled("big-endian", "big_endian", PAYLOADS["big-endian"]),
    spoiled("a quarter of zeros", "quarter_zeros", PAYLOADS["a quarter of zeros"]),
    spoiled("NaN for some", "not_finite", PAYLOADS["NaN for some"]),
    spoiled("null for some", "null", PAYLOADS["null for some"]),
    spoiled("index all zero", "index_wrong", PAYLOADS["index all zero"]),
    spoiled("one vector too few", "count_wrong", PAYLOADS["one vector too few"]),
    spoiled("no data", "no_data", PAYLOADS["no data"]),
    spoiled("half the width", "sliced", VECTOR_FAULTS["half the width"]),
    spoiled("half the width, normalised", "sliced", VECTOR_FAULTS["half the width, normalised"]),
    spoiled("norm 8", "not_normalised", VECTOR_FAULTS["norm 8"], **warned("vectors")),
    spoiled("usage zero", "usage_absent", PAYLOADS["usage zero"], **warned("tokens")),
)
"""What arrives is not the numbers that were computed."""
