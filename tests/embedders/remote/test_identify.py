"""Which program answers, by what real ones answered.

The answers of vLLM 0.32.0, SGLang 0.5.23, infinity 0.0.78 and llama.cpp are their own, taken from
running servers; long ones are cut to the fields that are read. The others follow the programs'
documentation and source.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from tests.embedders.remote.fault_server import Call, FaultServer
from tests.embedders.remote.fault_server import Reply as FaultReply
from workbench.embedders.remote import connect
from workbench.embedders.remote.address import Address, read_address
from workbench.embedders.remote.identify import ServedModel, ServerIdentity, identify
from workbench.embedders.remote.identity import MOST_QUESTIONS
from workbench.embedders.remote.reply import Reply

ROOT = "http://localhost:8000"
NOT_FOUND = (404, '{"detail":"Not Found"}')


@dataclass
class Server:
    """Answers GETs by their path; with 404 those that it does not have."""

    routes: Mapping[str, tuple[int, str]]
    headers: Mapping[str, str] = field(default_factory=dict)
    prefix: str = ROOT
    asked: list[str] = field(default_factory=list)

    def get(self, url: str) -> Reply | None:
        assert url.startswith(f"{self.prefix}/"), f"asked elsewhere: {url}"
        path = url.removeprefix(self.prefix)
        self.asked.append(path)
        status, body = self.routes.get(path, NOT_FOUND)
        return Reply(status, self.headers, body.encode())

    def identify(self, address: str = f"{ROOT}/v1") -> ServerIdentity:
        read = read_address(address)
        found = identify(self.get, Address(read.base_url, read.root, (read.base_url,)))
        assert len(self.asked) <= MOST_QUESTIONS
        assert "/" not in self.asked, "GET / tells nothing"
        return found


def listed(*records: str) -> tuple[int, str]:
    return 200, '{"object":"list","data":[' + ",".join(records) + "]}"


VLLM = Server(
    {
        "/v1/models": listed(
            '{"id":"tiny-qwen3","object":"model","created":1795697228,"owned_by":"vllm","root":'
            '"tiny32","parent":null,"max_model_len":1024,"permission":[{"id":"modelperm-b8","object"'
            ':"model_permission","is_blocking":false}]}'
        ),
        "/version": (200, '{"version":"0.32.0"}'),
    },
    {"server": "uvicorn", "vary": "Origin"},
)
SGLANG = Server(
    {
        "/v1/models": listed(
            '{"id":"tiny-qwen3","object":"model","created":1795697326,"owned_by":"sglang","root":'
            '"tiny-qwen3","parent":null,"max_model_len":1024}'
        ),
        "/model_info": (200, '{"model_path":"tiny32","is_generation":false,"model_type":"qwen3"}'),
        "/server_info": (
            200,
            '{"model_path":"tiny32","tokenizer_path":"tiny32","is_embedding":true,"revision":null,'
            '"dtype":"float32","api_key":"sk-good-key","max_total_tokens":8192,"version":"0.5.23"}',
        ),
        "/api/tags": (
            200,
            '{"models":[{"name":"tiny-qwen3","size":0,"digest":"sha256:sglang00"}]}',
        ),
        "/": (200, "Ollama is running"),
    },
    {"server": "uvicorn", "vary": "Origin"},
)
INFINITY = Server(
    {
        "/v1/models": listed(
            '{"id":"tiny-qwen3","stats":{"queue_fraction":0.0,"queue_absolute":0,"results_pending":0'
            ',"batch_size":32},"object":"model","owned_by":"infinity","created":1795697147,"backend"'
            ':"torch","capabilities":["embed"]}'
        ),
        "/v1/openapi.json": (
            200,
            '{"openapi":"3.1.0","info":{"title":"Infinity","version":"0.0.78"},"paths":{}}',
        ),
        "/health": (200, '{"unix":1795697147.4021616}'),
    },
    {"server": "uvicorn"},
)
LLAMACPP = Server(
    {
        "/v1/models": (
            200,
            '{"models":[{"name":"tiny-qwen3","model":"tiny-qwen3","capabilities":["completion"]}],'
            '"object":"list","data":[{"id":"tiny-qwen3","aliases":["tiny-qwen3"],"tags":[],"object":'
            '"model","created":1795697145,"owned_by":"llamacpp","meta":{"vocab_type":2,"n_vocab":'
            '1641,"n_ctx":1024,"n_ctx_train":1024,"n_embd":64,"n_params":302464,"size":1209856,'
            '"ftype":"all F32"}}]}',
        ),
        "/props": (
            200,
            '{"default_generation_settings":{"params":{"seed":4294967295},"n_ctx":1024},'
            '"total_slots":1,"model_alias":"tiny-qwen3","model_ftype":"all F32","model_path":'
            '"tiny32.gguf","build_info":"b0-unknown"}',
        ),
    },
    {"Server": "llama.cpp", "Access-Control-Allow-Origin": ""},
)
TEI = Server(
    {
        "/info": (
            200,
            '{"model_id":"Qwen/Qwen3-Embedding-0.6B","model_sha":"97b0c61","model_dtype":"float16",'
            '"model_type":{"embedding":{"pooling":"last_token"}},"max_concurrent_requests":512,'
            '"max_input_length":16384,"max_batch_tokens":16384,"max_batch_requests":null,'
            '"max_client_batch_size":32,"auto_truncate":true,"tokenization_workers":8,'
            '"version":"1.9.3"}',
        ),
    }
)
OLLAMA = Server(
    {
        "/v1/models": listed(
            '{"id":"qwen3-embedding:0.6b","object":"model","created":1795697145,"owned_by":"library"}'
        ),
        "/api/version": (200, '{"version":"0.21.1"}'),
        "/api/tags": (200, '{"models":[{"name":"qwen3-embedding:0.6b","digest":"ac6d"}]}'),
        "/": (200, "Ollama is running"),
    }
)
OLLAMA_WITHOUT_LIBRARY = Server(
    {**OLLAMA.routes, "/v1/models": listed('{"id":"hf.co/Qwen/Q:Q8_0","owned_by":"Qwen"}')}
)
LMSTUDIO = Server(
    {
        "/v1/models": listed(
            '{"id":"chat-4b","object":"model","owned_by":"organization_owner"}',
            '{"id":"text-embedding-q3","object":"model","owned_by":"organization_owner"}',
        ),
        "/api/v0/models": listed(
            '{"id":"chat-4b","type":"llm","quantization":"4bit","max_context_length":131072}',
            '{"id":"text-embedding-q3","object":"model","type":"embeddings","arch":"qwen3",'
            '"quantization":"Q8_0","state":"loaded","max_context_length":32768}',
        ),
    }
)
LITELLM = Server(
    {
        "/v1/models": listed(
            '{"id":"tiny-qwen3","object":"model","created":1677610602,"owned_by":"openai"}'
        ),
        "/health/readiness": (200, '{"status":"healthy","litellm_version":"1.106.2"}'),
    }
)
LLAMA_CPP_PYTHON = Server(
    {"/v1/models": listed('{"id":"tiny-qwen3","object":"model","owned_by":"me","permissions":[]}')}
)
XINFERENCE = Server(
    {
        "/v1/models": listed(
            '{"id":"chat","object":"model","created":0,"owned_by":"xinference","model_type":"LLM"}',
            '{"id":"q3","object":"model","created":0,"owned_by":"xinference","model_type":'
            '"embedding","model_name":"Qwen3-Embedding-0.6B","dimensions":1024,"max_tokens":32768}',
        )
    }
)
UNKNOWN = Server({"/v1/models": listed('{"id":"some-model","owned_by":"somebody"}')})
NOTHING = Server({})

TINY = ServedModel("tiny-qwen3", "tiny32", 1024)
KNOWN = {
    "vLLM": (VLLM, "vllm", "vLLM 0.32.0", (TINY,)),
    "SGLang": (SGLANG, "sglang", "SGLang 0.5.23", (TINY,)),
    "infinity": (INFINITY, "infinity", "infinity 0.0.78", (ServedModel("tiny-qwen3"),)),
    "llama.cpp": (LLAMACPP, "llamacpp", "llama.cpp", (ServedModel("tiny-qwen3", dim=64),)),
    "TEI": (
        TEI,
        "tei",
        "Text Embeddings Inference 1.9.3",
        (ServedModel("Qwen/Qwen3-Embedding-0.6B", "Qwen/Qwen3-Embedding-0.6B", 16384),),
    ),
    "Ollama": (OLLAMA, "ollama", "Ollama 0.21.1", (ServedModel("qwen3-embedding:0.6b"),)),
    "Ollama, no model of its library": (
        OLLAMA_WITHOUT_LIBRARY,
        "ollama",
        "Ollama 0.21.1",
        (ServedModel("hf.co/Qwen/Q:Q8_0"),),
    ),
    "LM Studio": (
        LMSTUDIO,
        "lmstudio",
        "LM Studio",
        (ServedModel("text-embedding-q3", max_tokens=32768),),
    ),
    "LiteLLM": (LITELLM, None, "LiteLLM 1.106.2", (ServedModel("tiny-qwen3"),)),
    "llama-cpp-python": (
        LLAMA_CPP_PYTHON,
        None,
        "llama-cpp-python",
        (ServedModel("tiny-qwen3"),),
    ),
    "Xinference": (
        XINFERENCE,
        None,
        "Xinference",
        (ServedModel("q3", "Qwen3-Embedding-0.6B", 32768, 1024),),
    ),
    "unknown": (UNKNOWN, None, None, (ServedModel("some-model"),)),
    "nothing": (NOTHING, None, None, ()),
}


def fresh(server: Server) -> Server:
    return Server(server.routes, server.headers, server.prefix)


@pytest.mark.parametrize(("server", "engine", "label", "served"), KNOWN.values(), ids=KNOWN)
def test_each_program_is_known_by_its_answers(
    server: Server, engine: str | None, label: str | None, served: tuple[ServedModel, ...]
) -> None:
    found = fresh(server).identify()
    assert (found.engine, found.label, found.served) == (engine, label, served)
    assert bool(found.evidence) == (label is not None)
    assert found.lists_models == ("/v1/models" in server.routes)


def test_what_each_says_of_its_limits_is_read() -> None:
    vllm, sglang = fresh(VLLM).identify(), fresh(SGLANG).identify()
    assert (vllm.max_tokens, vllm.dtype, vllm.max_items) == (1024, None, None)
    assert (sglang.max_tokens, sglang.dtype) == (1024, "float32")
    assert fresh(INFINITY).identify().max_items == 2048
    llamacpp = fresh(LLAMACPP).identify()
    assert (llamacpp.max_tokens, llamacpp.dtype) == (1024, "all F32")
    tei = fresh(TEI).identify()
    assert (tei.max_tokens, tei.dtype) == (16384, "float16")
    assert (tei.max_items, tei.max_batch_tokens, tei.max_body_bytes) == (32, 16384, 2_000_000)
    assert "auto_truncate says that it cuts what is too long" in tei.evidence
    assert fresh(LMSTUDIO).identify().max_tokens == 32768


def test_the_evidence_is_said() -> None:
    assert fresh(VLLM).identify().evidence == ("its list of models says owned_by 'vllm'",)
    assert fresh(LLAMACPP).identify().evidence == ("the header Server says llama.cpp",)
    assert "not /model_info" in fresh(OLLAMA_WITHOUT_LIBRARY).identify().evidence[0]


def test_a_program_that_is_known_costs_two_requests() -> None:
    for server in (VLLM, SGLANG, INFINITY, LLAMACPP, OLLAMA, LMSTUDIO, LITELLM):
        asking = fresh(server)
        asking.identify()
        assert len(asking.asked) == 2


def test_sglang_behind_another_list_of_models_is_not_taken_for_ollama() -> None:
    routes = {**SGLANG.routes, "/v1/models": listed('{"id":"tiny-qwen3","owned_by":"gateway"}')}
    found = Server({**routes, "/api/version": (200, '{"version":"1"}')}).identify()
    assert found.label == "SGLang 0.5.23"
    assert "/model_info with a model_path" in found.evidence[0]


def test_sglang_that_does_not_embed_is_noted() -> None:
    routes = dict(SGLANG.routes)
    routes["/server_info"] = (200, '{"is_embedding":false,"dtype":"auto"}')
    found = Server(routes).identify()
    assert "it was started without --is-embedding" in found.evidence
    assert found.dtype is None, "auto is no type"


def test_older_sglang_is_asked_by_its_older_route() -> None:
    routes = dict(SGLANG.routes)
    routes["/get_server_info"] = routes.pop("/server_info")
    assert Server(routes).identify().label == "SGLang 0.5.23"


def test_the_key_that_sglang_repeats_is_not_kept() -> None:
    assert "sk-good-key" in SGLANG.routes["/server_info"][1], "premise"
    assert "sk-good-key" not in repr(fresh(SGLANG).identify())


def test_behind_a_prefix_the_same_routes_are_asked_below_it() -> None:
    prefix = f"{ROOT}/team/embed"
    server = Server(VLLM.routes, prefix=prefix)
    assert server.identify(f"{prefix}/v1").label == "vLLM 0.32.0"
    assert server.asked == ["/v1/models", "/version"]


def test_infinity_without_v1_is_known_too() -> None:
    routes = {path.removeprefix("/v1"): answer for path, answer in INFINITY.routes.items()}
    assert Server(routes).identify(f"{ROOT}/models").label == "infinity 0.0.78"


def test_a_build_that_has_a_number_is_said() -> None:
    routes = {**LLAMACPP.routes, "/props": (200, '{"build_info":"b7110-8f2a1c3"}')}
    assert Server(routes, LLAMACPP.headers).identify().label == "llama.cpp b7110-8f2a1c3"


def test_of_several_models_with_lengths_of_their_own_none_is_said_for_all() -> None:
    one, two = (f'{{"id":"{n}","owned_by":"vllm","max_model_len":{n}}}' for n in (512, 1024))
    found = Server({"/v1/models": listed(one, two)}).identify()
    assert [model.max_tokens for model in found.served] == [512, 1024]
    assert found.max_tokens is None
    part = Server({"/v1/models": listed(one, '{"id":"x","owned_by":"vllm"}')}).identify()
    assert part.max_tokens is None


def test_of_infinitys_models_those_that_embed_are_kept() -> None:
    ranks = '{"id":"ranker","owned_by":"infinity","capabilities":["rerank"]}'
    embeds = '{"id":"embedder","owned_by":"infinity","capabilities":["embed"]}'
    found = Server({"/v1/models": listed(ranks, embeds)}).identify()
    assert [model.id for model in found.served] == ["embedder"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_wanted_key_is_noted_and_ends_the_questions(status: int) -> None:
    server = Server({"/v1/models": (status, '{"error":"Unauthorized"}')})
    found = server.identify()
    assert found.evidence == (f"asked for its models it answers {status}: it wants another key",)
    assert (found.engine, found.lists_models, server.asked) == (None, False, ["/v1/models"])
    shows = Server({"/v1/models": (status, "{}")}, {"Server": "llama.cpp"}).identify()
    assert shows.engine == "llamacpp"
    assert len(shows.evidence) == 2


def test_nothing_more_is_asked_where_nothing_answers() -> None:
    asked: list[str] = []

    def get(url: str) -> Reply | None:
        asked.append(url)
        return None

    assert identify(get, read_address(f"{ROOT}/v1")) == ServerIdentity()
    assert asked == [f"{ROOT}/v1/models"]


@pytest.mark.parametrize(
    ("base_url", "engine", "label", "max_items"),
    [
        ("https://api.openai.com/v1", "openai", "OpenAI", 2048),
        ("https://dashscope.aliyuncs.com/compatible-mode/v1", "dashscope", "DashScope", 10),
        ("https://openrouter.ai/api/v1", "openrouter", "OpenRouter", None),
    ],
)
def test_a_service_is_known_by_its_host_alone(
    base_url: str, engine: str, label: str, max_items: int | None
) -> None:
    server = Server(
        {"/models": listed('{"id":"m","owned_by":"vllm","context_length":8192}')}, prefix=base_url
    )
    found = server.identify(base_url)
    assert (found.engine, found.label, found.max_items) == (engine, label, max_items)
    assert server.asked == ["/models"]


ODD_LISTS = {
    "a page": (200, "<!doctype html><title>Open WebUI</title>"),
    "a bare list": (200, '[{"id":"a","owned_by":"vllm"}]'),
    "an empty list": (200, '{"data":[]}'),
    "null": (200, '{"data":null}'),
    "names only": (200, '{"data":["a","b"]}'),
    "no names": (200, '{"data":[{"owned_by":"vllm"},{"id":null},{"id":""}]}'),
    "a number for a name": (200, '{"data":[{"id":7,"root":[],"max_model_len":"1024"}]}'),
    "odd values": (
        200,
        '{"data":[{"id":"a","owned_by":{},"meta":7,"capabilities":{"embed":true},"model_type":[],'
        '"max_model_len":-1,"context_length":true,"created":"x"}]}',
    ),
    "no UTF-8 is left": (200, '{"data":[{"id":"a\\ud800"}]}'),
    "deep": (200, "[" * 100_000),
    "a redirect": (307, ""),
    "a fault": (500, "Internal Server Error"),
}


@pytest.mark.parametrize("answer", ODD_LISTS.values(), ids=ODD_LISTS)
@pytest.mark.parametrize("name", ["nothing", "SGLang", "TEI", "Ollama", "LM Studio"])
def test_no_list_of_models_is_too_odd(answer: tuple[int, str], name: str) -> None:
    found = Server({**KNOWN[name][0].routes, "/v1/models": answer}).identify()
    assert all(model.max_tokens is None or model.max_tokens > 0 for model in found.served)


def test_a_bare_list_and_an_empty_one_are_lists() -> None:
    bare = Server({"/v1/models": ODD_LISTS["a bare list"]}).identify()
    assert (bare.lists_models, bare.label) == (True, "vLLM")
    empty = Server({"/v1/models": ODD_LISTS["an empty list"]}).identify()
    assert (empty.lists_models, empty.served) == (True, ())
    assert not Server({"/v1/models": ODD_LISTS["a page"]}).identify().lists_models


def test_whatever_the_routes_answer_it_is_read() -> None:
    chance = random.Random(0)
    values: list[object] = [None, True, -1, 0, 7, 1e999, "", "x", [], [7], {}, {"a": []}, ["embed"]]
    names = [
        "id",
        "root",
        "meta",
        "capabilities",
        "model_type",
        "max_model_len",
        "version",
        "models",
        "info",
        "model_id",
        "model_path",
        "auto_truncate",
        "type",
        "default_generation_settings",
        "build_info",
        "dtype",
        "max_context_length",
        "created",
    ]
    paths = sorted({path for server, *_ in KNOWN.values() for path in server.routes} - {"/"})
    for _ in range(500):
        routes = {}
        for path in paths:
            record = {name: chance.choice(values) for name in names}
            record["owned_by"] = chance.choice([*values, "vllm", "sglang", "llamacpp", "infinity"])
            record["data"] = chance.choice([*values, [record.copy(), {"id": "a"}]])
            routes[path] = (chance.choice([200, 200, 200, 404]), json.dumps(record))
        Server(routes).identify()


def test_a_real_socket_tells_the_same() -> None:
    def answer(server: FaultServer, call: Call) -> FaultReply | None:
        status, body = VLLM.routes.get(call.target, NOT_FOUND)
        return FaultReply(status, body.encode(), {"Content-Type": "application/json"})

    with FaultServer() as server:
        server.other_fault = answer
        embedder = connect(server.base_url)
        assert embedder.info.server == "vLLM 0.32.0"
        assert (embedder.info.max_tokens, embedder.info.too_long) == (1024, "refused")
        assert embedder.identity.evidence == ("its list of models says owned_by 'vllm'",)
        embedder.unload()
