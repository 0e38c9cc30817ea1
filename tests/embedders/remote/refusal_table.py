"""Answers of servers that refuse, in their own words, and what is to be understood.

Bodies of vLLM 0.32.0, SGLang 0.5.23, infinity 0.0.78 and llama.cpp are what these programs answered
to a tiny model; those of services and of TEI follow their documentation and source.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from workbench.embedders.remote.refusals import RefusalKind


@dataclass(frozen=True)
class Case:
    """A literal answer, and what is understood."""

    name: str
    status: int
    body: str
    kind: RefusalKind
    words: str
    limit: int | None = None
    found: int | None = None
    index: int | None = None


VLLM_LONG = (
    '{"error":{"message":"This model\'s maximum context length is 1024 tokens. However, your prompt'
    " contains at least 1025 input tokens, which exceeds this limit even without any output tokens."
    ' Please reduce the length of the input prompt. (parameter=input_tokens, value=1025)","type":'
    '"BadRequestError","param":"input_tokens","code":400}}'
)
LITELLM = (
    '{"error":{"message":"litellm.%s: OpenAIException - Error code: 400 - {\'error\': {\'code\': '
    "400, 'message': '%s', 'type': 'invalid_request_error'}}. Received Model Group=tiny\",\"type\":"
    'null,"param":null,"code":"400"}}'
)
FASTAPI_404 = '{"detail":"Not Found"}'
NGINX = (
    "<html>\r\n<head><title>%s</title></head>\r\n<body>\r\n<center><h1>%s</h1></center>\r\n"
    "<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n"
)


def nginx(title: str) -> str:
    return NGINX % (title, title)


def sglang(message: str, code: int = 400) -> str:
    return json.dumps(
        {
            "object": "error",
            "message": message,
            "type": "BadRequestError",
            "param": None,
            "code": code,
        }
    )


def said(message: str, **others: object) -> str:
    return json.dumps({"error": {"message": message, **others}})


TOO_LONG = [
    Case("vLLM", 400, VLLM_LONG, "too_long", "maximum context length is 1024", 1024, 1025),
    Case(
        "vLLM, by characters",
        400,
        said(
            "This model's maximum context length is 1024 tokens. However, your prompt contains "
            "122881 characters (more than 8184 characters, which is the upper bound for 1023 input "
            "tokens). Please reduce the length of the input prompt. (parameter=input_text, "
            "value=122881)"
        ),
        "too_long",
        "contains 122881 characters",
        1024,
    ),
    Case(
        "older vLLM",
        400,
        sglang(
            "This model's maximum context length is 32768 tokens. However, you requested 40002 "
            "tokens in the input for embedding generation. Please reduce the length of the input."
        ),
        "too_long",
        "you requested 40002 tokens",
        32768,
        40002,
    ),
    Case(
        "vLLM, engine",
        400,
        said("The decoder prompt (length 1030) is longer than the maximum model length of 1024."),
        "too_long",
        "decoder prompt",
        1024,
    ),
    Case(
        "SGLang",
        400,
        sglang("The input (15002 tokens) is longer than the model's context length (1024 tokens)."),
        "too_long",
        "The input (15002 tokens)",
        1024,
        15002,
    ),
    Case(
        "llama.cpp, context",
        400,
        '{"error":{"code":400,"message":"request (15002 tokens) exceeds the available context size '
        '(1024 tokens), try increasing it","type":"exceed_context_size_error",'
        '"n_prompt_tokens":15002,"n_ctx":1024}}',
        "too_long",
        "try increasing it",
        1024,
        15002,
    ),
    Case(
        "llama.cpp, physical batch",
        500,
        '{"error":{"code":500,"message":"input (613 tokens) is too large to process. increase the '
        'physical batch size (current batch size: 512)","type":"server_error"}}',
        "too_long",
        "increase the physical batch size",
        512,
        613,
    ),
    Case(
        "older llama.cpp, physical batch",
        500,
        said("input is too large to process. increase the physical batch size"),
        "too_long",
        "increase the physical batch size",
    ),
    Case(
        "TEI",
        422,
        '{"message":"`inputs` must have less than 512 tokens. Given: 600","code":422,'
        '"type":"Validation"}',
        "too_long",
        "must have less than 512 tokens",
        512,
        600,
    ),
    Case(
        "older TEI",
        413,
        '{"error":"Input validation error: `inputs` must have less than 512 tokens. Given: 600",'
        '"error_type":"Validation"}',
        "too_long",
        "must have less than 512 tokens",
        512,
        600,
    ),
    Case(
        "OpenAI",
        400,
        said(
            "This model's maximum context length is 8192 tokens, however you requested 10000 tokens"
            " (10000 in your prompt; 0 for the completion). Please reduce your prompt."
        ),
        "too_long",
        "however you requested",
        8192,
        10000,
    ),
    Case(
        "OpenAI, by index",
        400,
        said("Invalid 'input[3]': maximum context length is 8192 tokens."),
        "too_long",
        "input[3]",
        8192,
        index=3,
    ),
    Case(
        "DashScope",
        400,
        said("InternalError.Algo.InvalidParameter: Range of input length should be [1, 8192]"),
        "too_long",
        "Range of input length",
        8192,
    ),
    Case(
        "Ollama",
        400,
        said("the input length exceeds the context length", type="api_error"),
        "too_long",
        "exceeds the context length",
    ),
    Case("older Ollama", 500, '{"error":"input length exceeds maximum context length"}', "too_long",
         "maximum context length"),
    Case(
        "infinity, characters",
        422,
        '{"detail":[{"type":"string_too_long","loc":["body","text","input","list[constrained-str]"'
        ',1],"msg":"String should have at most 122880 characters","input":"bbbbbbbb","ctx":'
        '{"max_length":122880}},{"type":"string_type","loc":["body","text","input",'
        '"constrained-str"],"msg":"Input should be a valid string","input":["a","bbbbbbbb","c"]}]}',
        "too_long",
        "String should have at most 122880 characters",
        index=1,
    ),
    Case(
        "LiteLLM before llama.cpp",
        400,
        LITELLM
        % (
            "ContextWindowExceededError: litellm.BadRequestError",
            "request (24001 tokens) exceeds the available context size (1024 tokens)",
        ),
        "too_long",
        "ContextWindowExceededError",
        1024,
        24001,
    ),
]  # fmt: skip

TOO_MANY = [
    Case(
        "TEI",
        422,
        '{"message":"batch size 33 > maximum allowed batch size 32","code":422}',
        "too_many_items",
        "batch size 33",
        32,
        33,
    ),
    Case(
        "older TEI",
        413,
        '{"message":"batch size 33 > maximum allowed batch size 32","type":"Validation"}',
        "too_many_items",
        "batch size 33",
        32,
        33,
    ),
    Case(
        "OpenAI",
        400,
        said(
            "Invalid 'input': array too long. Expected an array with maximum length 2048, but got "
            "an array with length 2049 instead.",
            code="array_above_max_length",
        ),
        "too_many_items",
        "array too long",
        2048,
        2049,
    ),
    Case("a short wording", 400, said("array too long"), "too_many_items", "array too long"),
    Case(
        "infinity",
        422,
        '{"detail":[{"type":"too_long","loc":["body","text","input","list[constrained-str]"],"msg":'
        '"List should have at most 2048 items after validation, not 2049","input":["a","a"],"ctx":'
        '{"field_type":"List","max_length":2048,"actual_length":2049}}]}',
        "too_many_items",
        "at most 2048 items",
        2048,
        2049,
    ),
    Case(
        "DashScope",
        400,
        said(
            "<400> InternalError.Algo.InvalidParameter: Value error, batch size is invalid, it "
            "should not be larger than 10.: input.contents"
        ),
        "too_many_items",
        "should not be larger than 10",
        10,
    ),
]

TOO_LARGE = [
    Case(
        "OpenAI",
        400,
        said("Requested 301,024 tokens, max 300000 tokens per request"),
        "too_large",
        "301,024 tokens",
        300000,
        301024,
    ),
    Case(
        "OpenAI, other words",
        400,
        said("Invalid 'input': maximum request size is 300000 tokens per request."),
        "too_large",
        "tokens per request",
        300000,
    ),
    Case(
        "nginx",
        413,
        nginx("413 Request Entity Too Large"),
        "too_large",
        "a page, '413 Request Entity Too Large'",
    ),
    Case(
        "TEI",
        413,
        "Failed to buffer the request body: length limit exceeded",
        "too_large",
        "length limit exceeded",
    ),
]

EMPTY = [
    Case(
        "SGLang, in a batch",
        400,
        sglang("Input at index 1 cannot be empty or whitespace only"),
        "empty",
        "at index 1",
        index=1,
    ),
    Case(
        "SGLang, alone",
        400,
        sglang("Input cannot be empty or whitespace only"),
        "empty",
        "whitespace only",
    ),
    Case("SGLang, no list", 400, sglang("Input cannot be empty"), "empty", "cannot be empty"),
    Case(
        "TEI",
        400,
        '{"message":"`inputs` cannot be empty","code":400,"type":"Empty"}',
        "empty",
        "`inputs` cannot be empty",
    ),
    Case("vLLM", 400, said("The decoder prompt cannot be empty"), "empty", "decoder prompt"),
    Case("vLLM, no list", 400, said("You must pass at least one prompt"), "empty", "one prompt"),
    Case("llama.cpp", 400, said("Input content cannot be empty"), "empty", "Input content"),
    Case("llama.cpp, no list", 400, said('"input" must not be empty'), "empty", "must not be"),
    Case("OpenAI", 400, said("input cannot be an empty string"), "empty", "an empty string"),
    Case(
        "infinity, no list",
        422,
        '{"detail":[{"type":"too_short","loc":["body","text","input","list[constrained-str]"],"msg"'
        ':"List should have at least 1 item after validation, not 0","input":[]}]}',
        "empty",
        "at least 1 item",
    ),
]

KEY = [
    Case("vLLM and SGLang", 401, '{"error":"Unauthorized"}', "key", "Unauthorized"),
    Case("infinity", 401, '{"detail":"Unauthorized"}', "key", "Unauthorized"),
    Case(
        "llama.cpp",
        401,
        '{"error":{"message":"Invalid API Key","type":"authentication_error","code":401}}',
        "key",
        "Invalid API Key",
    ),
    Case("TEI", 401, "", "key", "no words, 0 bytes"),
    Case(
        "LiteLLM, a wrong key",
        400,
        '{"error":{"message":"No connected db.","type":"no_db_connection","code":"400"}}',
        "key",
        "No connected db.",
    ),
    Case(
        "LiteLLM, a wrong key to its upstream",
        401,
        said("litellm.AuthenticationError: AuthenticationError: OpenAIException - Invalid API Key"),
        "key",
        "litellm.AuthenticationError",
    ),
    Case("forbidden", 403, said("Forbidden"), "key", "Forbidden"),
    Case("nginx, a password", 401, nginx("401 Authorization Required"), "key", "a page, '401"),
    Case("OpenRouter, no credit", 402, said("Insufficient credits"), "key", "Insufficient credits"),
]

MODEL = [
    Case(
        "vLLM",
        404,
        '{"error":{"message":"The model `no-such-model` does not exist.","type":"NotFoundError",'
        '"param":null,"code":404}}',
        "model",
        "`no-such-model` does not exist",
    ),
    Case(
        "Ollama",
        404,
        said("model 'no-such' not found", type="not_found_error"),
        "model",
        "model 'no-such' not found",
    ),
    Case(
        "Ollama, its own route",
        404,
        '{"error":"model \\"no-such\\" not found, try pulling it first"}',
        "model",
        "try pulling it first",
    ),
    Case(
        "infinity",
        400,
        said("Invalid model: Engine for model name `no-such-model` not found. Available: ['a']"),
        "model",
        "Engine for model name",
    ),
    Case(
        "LiteLLM",
        400,
        said("/embeddings: Invalid model name passed in model=no-such. Call `/v1/models` to view"),
        "model",
        "Invalid model name",
    ),
    Case(
        "Xinference",
        400,
        '{"detail":"[address=127.0.0.1:1, pid=2] Model not found in the model list, uid: x"}',
        "model",
        "Model not found",
    ),
    Case("OpenRouter", 400, said("x/y is not a valid model ID"), "model", "not a valid model"),
    Case(
        "SGLang takes a:b for an adapter",
        400,
        sglang("LoRA adapter 'such' was requested, but LoRA is not enabled."),
        "model",
        "LoRA adapter 'such'",
    ),
    Case(
        "a name that sounds like something else",
        404,
        said("The model `matryoshka-embed` does not exist."),
        "model",
        "matryoshka-embed",
    ),
]

PATH = [
    Case("FastAPI", 404, FASTAPI_404, "path", "Not Found"),
    Case("wrong method", 405, '{"detail":"Method Not Allowed"}', "path", "Method Not Allowed"),
    Case("llama.cpp", 404, said("File Not Found", type="not_found_error"), "path", "File Not"),
    Case("Go", 404, "404 page not found\n", "path", "404 page not found"),
    Case("nginx", 404, nginx("404 Not Found"), "path", "a page, '404 Not Found'"),
    Case("empty", 404, "", "path", "no words"),
    Case(
        "Python's server of files",
        501,
        '<!DOCTYPE HTML>\n<html lang="en">\n<head>\n<title>Error response</title>\n</head></html>',
        "path",
        "a page, 'Error response'",
    ),
]

NO_EMBEDDINGS = [
    Case(
        "SGLang",
        400,
        sglang(
            "This model does not appear to be an embedding model by default. Please add "
            "`--is-embedding` when launching the server or try another model."
        ),
        "no_embeddings",
        "--is-embedding",
    ),
    Case(
        "llama.cpp",
        501,
        '{"error":{"code":501,"message":"This server does not support embeddings. Start it with '
        '`--embeddings`","type":"not_supported_error"}}',
        "no_embeddings",
        "`--embeddings`",
    ),
    Case(
        "llama.cpp without pooling",
        400,
        said("Pooling type 'none' is not OAI compatible. Please use a different pooling type"),
        "no_embeddings",
        "not OAI compatible",
    ),
    Case(
        "vLLM",
        400,
        said("The model does not support Embeddings API"),
        "no_embeddings",
        "does not support Embeddings",
    ),
    Case(
        "OpenAI",
        403,
        said("You are not allowed to generate embeddings from this model"),
        "no_embeddings",
        "not allowed to generate",
    ),
    Case(
        "TEI",
        424,
        '{"message":"model is not an embedding model","code":424,"type":"Backend"}',
        "no_embeddings",
        "not an embedding model",
    ),
]

DIMENSIONS = [
    Case(
        "vLLM",
        400,
        said(
            "Model 'tiny-qwen3' does not support Matryoshka embeddings; dimensions must be unset "
            "(received dimensions=8)."
        ),
        "dimensions",
        "dimensions must be unset",
    ),
    Case(
        "SGLang",
        400,
        sglang(
            "Model 'tiny32' does not support matryoshka representation, changing output dimensions "
            "will lead to poor results."
        ),
        "dimensions",
        "poor results",
    ),
    Case(
        "infinity",
        400,
        said(
            "<class 'infinity_emb.primitives.MatryoshkaDimError'> -> matryoshka_dim=9999 is not in "
            "a valid range. Select between 1 and 64.",
            type=None,
        ),
        "dimensions",
        "Select between 1 and 64",
    ),
    Case(
        "LiteLLM",
        400,
        said("litellm.UnsupportedParamsError: Setting dimensions is not supported for x"),
        "dimensions",
        "Setting dimensions",
    ),
    Case("TEI", 422, '{"message":"`dimensions` should be positive"}', "dimensions", "positive"),
]

ENCODING = [
    Case(
        "vLLM",
        400,
        said(
            "18 validation errors:\n  {'type': 'literal_error', 'loc': 'body.encoding_format', "
            "'msg': \"Input should be 'float', 'base64', 'bytes' or 'bytes_only'\", 'input': "
            "'bogus', 'ctx': {'expected': \"'float'\"}}\n  {'type': 'literal_error', 'loc': "
            "'body.encoding_format', 'msg': \"Input should be 'float', 'base64', 'bytes' or "
            "'bytes_only'\", 'input': 'bogus'}\n  {'type': 'missing', 'loc': 'body.messages', "
            "'msg': 'Field required', 'input': '<dict of 3 items>'}"
        ),
        "encoding_format",
        "body.encoding_format: Input should be 'float', 'base64', 'bytes' or 'bytes_only'; "
        "body.messages: Field required",
    ),
    Case(
        "SGLang",
        400,
        sglang("encoding_format must be either 'float' or 'base64', got 'bogus'"),
        "encoding_format",
        "got 'bogus'",
    ),
    Case(
        "infinity",
        422,
        '{"detail":[{"type":"enum","loc":["body","text","encoding_format"],"msg":"Input should be '
        '\'float\' or \'base64\'","input":"bogus"}]}',
        "encoding_format",
        "body.text.encoding_format: Input should be 'float' or 'base64'",
    ),
    Case(
        "llama.cpp",
        400,
        said("The format to return the embeddings in. Can be either float or base64"),
        "encoding_format",
        "either float or base64",
    ),
]

BUSY = [
    Case("OpenAI", 429, said("Rate limit reached for x"), "busy", "Rate limit reached"),
    Case("TEI", 429, '{"message":"Model is overloaded","type":"Overloaded"}', "busy", "overloaded"),
    Case("llama.cpp", 503, said("Loading model", type="unavailable_error"), "busy", "Loading"),
    Case("Ollama", 503, '{"error":"server busy, please try again."}', "busy", "server busy"),
    Case("nginx, a limit", 429, nginx("429 Too Many Requests"), "busy", "a page, '429"),
    Case("a limit on the model", 429, said("model x not found in budget"), "busy", "budget"),
    Case("timeout", 408, "", "busy", "no words"),
]

FAULT = [
    Case("starlette", 500, "Internal Server Error", "fault", "Internal Server Error"),
    Case(
        "vLLM, dead",
        500,
        said("EngineCore encountered an issue. See stack trace (above) for the root cause."),
        "fault",
        "EngineCore",
    ),
    Case(
        "Ollama, NaN",
        500,
        '{"error":"failed to encode response: json: unsupported value: NaN"}',
        "fault",
        "unsupported value: NaN",
    ),
    Case(
        "llama-cpp-python",
        500,
        '{"error":{"message":"llama_decode returned -1","type":"internal_server_error"}}',
        "fault",
        "llama_decode returned -1",
    ),
    Case("TEI, its backend", 424, '{"message":"Inference failed"}', "fault", "Inference failed"),
    Case("a log line", 500, said("Model weights not found in cache"), "fault", "weights"),
    Case("LiteLLM without a key", 500, "Internal Server Error", "fault", "Internal Server Error"),
]

NOT_THE_SERVER = [
    Case("nginx", 502, nginx("502 Bad Gateway"), "not_the_server", "a page, '502 Bad Gateway'"),
    Case("nginx, slow", 504, nginx("504 Gateway Time-out"), "not_the_server", "a page, '504"),
    Case("an empty 502", 502, "", "not_the_server", "no words"),
    Case("an empty 503", 503, "", "not_the_server", "no words"),
    Case("a page with 503", 503, nginx("503 Service"), "not_the_server", "a page, '503"),
    Case(
        "HAProxy",
        503,
        "<html><body><h1>503 Service Unavailable</h1>\nNo server is available.\n</body></html>\n",
        "not_the_server",
        "a page without a title",
    ),
    Case("a page with 400", 400, nginx("400 Bad Request"), "not_the_server", "a page, '400"),
    Case("a page with 500", 500, nginx("500 Oops &amp; more"), "not_the_server", "Oops & more"),
    Case("a proxy's password", 407, "", "not_the_server", "no words"),
    Case(
        "XML",
        400,
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>',
        "not_the_server",
        "a page without a title",
    ),
    Case("a comment first", 520, "<!-- x --><html>", "not_the_server", "a page without a title"),
]

OTHER = [
    Case("no reason that is known", 400, said("Something else"), "other", "Something else"),
    Case("no JSON", 400, "Nope\n", "other", "Nope"),
    Case("JSON without words", 400, '{"code": 7}', "other", '{"code": 7}'),
    Case("a JSON string", 422, '"Nope"', "other", "Nope"),
    Case("a list", 400, '[{"error":{"code":400,"message":"Nope"}}]', "other", "Nope"),
    Case("words below words", 400, '{"error":{"error":{"message":"Nope"}}}', "other", "Nope"),
    Case("an error that is true", 400, '{"error":true,"message":"Nope"}', "other", "Nope"),
    Case("an error that is null", 400, '{"error":null,"message":"Nope"}', "other", "Nope"),
    Case(
        "vLLM, other mistakes",
        400,
        said(
            "1 validation error:\n  {'type': 'json_invalid', 'loc': ('body', 24), 'msg': 'JSON "
            "decode error', 'input': 'all the texts'}"
        ),
        "other",
        "body.24: JSON decode error",
    ),
    Case(
        "a wrapped reason",
        400,
        '{"error":{"message":"Provider returned error","code":400,"metadata":{"raw":"{\\"error\\":'
        '{\\"message\\":\\"batch too odd\\"}}","provider_name":"X"}}}',
        "other",
        "Provider returned error: batch too odd",
    ),
]

CASES = [
    *TOO_LONG, *TOO_MANY, *TOO_LARGE, *EMPTY, *KEY, *MODEL, *PATH, *NO_EMBEDDINGS, *DIMENSIONS,
    *ENCODING, *BUSY, *FAULT, *NOT_THE_SERVER, *OTHER,
]  # fmt: skip
