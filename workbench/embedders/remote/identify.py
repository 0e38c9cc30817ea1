"""Which program answers at an address, by its own answers.

``GET /`` is never asked: SGLang up to 0.5.9 answered "Ollama is running" there. The list of models
tells most servers apart; what is left is asked on the one or two routes that only they have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from workbench.embedders.remote.address import Address, host_of
from workbench.embedders.remote.presets import Preset, find_preset, preset_of_host
from workbench.embedders.remote.reply import Reply

GetFn: TypeAlias = Callable[[str], "Reply | None"]


@dataclass(frozen=True)
class ServedModel:
    """One model that a server lists.

    Attributes:
        id: The name that requests carry.
        root: The weights behind the name: a hub id or directory; None where it is not said.
        max_tokens: Longest input.
        dim: Width of its vectors.
    """

    id: str
    root: str | None = None
    max_tokens: int | None = None
    dim: int | None = None


@dataclass(frozen=True)
class ServerIdentity:
    """What a server showed of itself; None where it did not say.

    Attributes:
        engine: Name of its preset.
        label: Program and version, e.g. "vLLM 0.32.0".
        version: Its version.
        served: The models it lists.
        lists_models: Whether it answered when asked for them.
        max_tokens: Longest input.
        dtype: The type it computes in.
        max_items: Texts in a request.
        max_batch_tokens: Tokens in a request.
        max_body_bytes: Bytes of a request.
        evidence: What it was recognised by, a sentence each.
    """

    engine: str | None = None
    label: str | None = None
    version: str | None = None
    served: tuple[ServedModel, ...] = ()
    lists_models: bool = False
    max_tokens: int | None = None
    dtype: str | None = None
    max_items: int | None = None
    max_batch_tokens: int | None = None
    max_body_bytes: int | None = None
    evidence: tuple[str, ...] = field(default=())


def identify(get: GetFn, address: Address) -> ServerIdentity:
    """Ask a server what it is, with at most five short requests.

    Args:
        get: Fetches an absolute URL; None where nothing answered.
        address: The endpoint; its ``base_url`` is asked for the models.
    """
    reply = get(f"{address.base_url}/models")
    records = _read_records(reply)
    found = ServerIdentity(
        served=tuple(map(_read_model, records)),
        lists_models=reply is not None and reply.status == 200 and bool(records),
    )
    engine, why = _recognise(reply, records, address)
    if engine is None and reply is not None and reply.status != 200:
        engine, why, found = _ask_others(get, address, found)
    if engine is None:
        return found
    found = replace(found, engine=engine, evidence=(*found.evidence, why))
    detail = _DETAILS.get(engine)
    found = detail(get, address, found) if detail is not None else found
    return _finish(found)


def _read_records(reply: Reply | None) -> list[dict[str, Any]]:
    if reply is None or reply.status != 200:
        return []
    data = reply.record().get("data")
    records = data if isinstance(data, list) else []
    return [record for record in records if isinstance(record, dict) and record.get("id")]


def _read_model(record: dict[str, Any]) -> ServedModel:
    meta = record.get("meta") if isinstance(record.get("meta"), dict) else {}
    assert isinstance(meta, dict)
    return ServedModel(
        str(record["id"]),
        root=record["root"] if isinstance(record.get("root"), str) else None,
        max_tokens=_whole(record.get("max_model_len")) or _whole(record.get("context_length")),
        dim=_whole(meta.get("n_embd")),
    )


def _recognise(
    reply: Reply | None, records: list[dict[str, Any]], address: Address
) -> tuple[str | None, str]:
    """The engine by the list of models and its headers, and what showed it."""
    service = preset_of_host(host_of(address))
    if service is not None:
        return service.name, f"the host is {service.label}'s"
    if reply is None:
        return None, ""
    headers = {name.casefold(): value for name, value in reply.headers.items()}
    if "llama.cpp" in headers.get("server", ""):
        return "llamacpp", "the header Server says llama.cpp"
    for record in records:
        owner = str(record.get("owned_by", ""))
        known = _OWNERS.get(owner)
        if known is not None:
            return known, f"its list of models says owned_by {owner!r}"
        if {"stats", "backend", "capabilities"} <= set(record):
            return "infinity", "its list of models has stats, backend and capabilities"
    return None, ""


_OWNERS = {
    "vllm": "vllm",
    "sglang": "sglang",
    "llamacpp": "llamacpp",
    "infinity": "infinity",
    "library": "ollama",
    "organization_owner": "lmstudio",
}


def _ask_others(
    get: GetFn, address: Address, found: ServerIdentity
) -> tuple[str | None, str, ServerIdentity]:
    """TEI lists no models, but says at /info what it serves."""
    reply = get(f"{address.root}/info")
    info = {} if reply is None or reply.status != 200 else reply.record()
    if "model_id" not in info:
        return None, "", found
    model = ServedModel(str(info["model_id"]), max_tokens=_whole(info.get("max_input_length")))
    dtype = info.get("model_dtype")
    about = replace(
        found,
        served=(model,),
        version=_text(info.get("version")),
        dtype=dtype if isinstance(dtype, str) else None,
        max_items=_whole(info.get("max_client_batch_size")),
        max_batch_tokens=_whole(info.get("max_batch_tokens")),
    )
    return "tei", "it answers /info with a model_id", about


def _detail_vllm(get: GetFn, address: Address, found: ServerIdentity) -> ServerIdentity:
    return _with_version(found, _first(get, address, "/version"), "version")


def _detail_sglang(get: GetFn, address: Address, found: ServerIdentity) -> ServerIdentity:
    info = _first(get, address, "/server_info", "/get_server_info")
    version = _with_version(found, info, "version")
    dtype = info.get("dtype")
    return replace(version, dtype=dtype if dtype in ("float32", "bfloat16", "float16") else None)


def _detail_llamacpp(get: GetFn, address: Address, found: ServerIdentity) -> ServerIdentity:
    props = _first(get, address, "/props")
    settings = props.get("default_generation_settings")
    length = settings.get("n_ctx") if isinstance(settings, dict) else None
    build = _text(props.get("build_info"))
    return replace(found, version=build, max_tokens=_whole(length))


def _detail_ollama(get: GetFn, address: Address, found: ServerIdentity) -> ServerIdentity:
    return _with_version(found, _first(get, address, "/api/version"), "version")


def _detail_infinity(get: GetFn, address: Address, found: ServerIdentity) -> ServerIdentity:
    prefix = address.base_url.removeprefix(address.root)
    about = _first(get, address, f"{prefix}/openapi.json").get("info")
    return _with_version(found, about if isinstance(about, dict) else {}, "version")


_DETAILS: dict[str, Callable[[GetFn, Address, ServerIdentity], ServerIdentity]] = {
    "vllm": _detail_vllm,
    "sglang": _detail_sglang,
    "llamacpp": _detail_llamacpp,
    "ollama": _detail_ollama,
    "infinity": _detail_infinity,
}


def _first(get: GetFn, address: Address, *paths: str) -> dict[str, Any]:
    """The JSON object at the first of the routes that has one; {} where none has."""
    return next(_objects(get, address, paths), {})


def _objects(get: GetFn, address: Address, paths: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for path in paths:
        reply = get(f"{address.root}{path}")
        if reply is not None and reply.status == 200 and reply.record():
            yield reply.record()


def _with_version(found: ServerIdentity, info: dict[str, Any], name: str) -> ServerIdentity:
    return replace(found, version=_text(info.get(name)))


def _finish(found: ServerIdentity) -> ServerIdentity:
    """What follows from the engine where the server itself did not say it."""
    preset: Preset | None = find_preset(found.engine or "")
    assert preset is not None
    lengths = {model.max_tokens for model in found.served} - {None}
    shared = lengths.pop() if len(lengths) == 1 else None
    return replace(
        found,
        label=f"{preset.label} {found.version}" if found.version else preset.label,
        max_tokens=found.max_tokens or shared,
        max_items=found.max_items or preset.max_items,
        max_batch_tokens=found.max_batch_tokens or preset.max_batch_tokens,
        max_body_bytes=found.max_body_bytes or preset.max_body_bytes,
    )


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
