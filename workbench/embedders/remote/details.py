"""What each server program says of itself on routes that only it has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

from workbench.embedders.remote.identity import (
    Asker,
    ServedModel,
    ServerIdentity,
    read_text,
    read_whole,
)

DetailFn: TypeAlias = Callable[[Asker, ServerIdentity], ServerIdentity]


def find_unlisted(
    ask: Asker, found: ServerIdentity
) -> tuple[str | None, str | None, ServerIdentity]:
    """The engine that its list of models does not give away, its name in words, and what it said.

    ``/api/tags`` alone shows nothing: SGLang answers it as Ollama does.
    """
    info = {} if found.lists_models else ask.record_at("/info")
    if "model_id" in info:
        return "tei", None, _read_tei(found, info)
    about = ask.record_at("/model_info")
    if "model_path" in about:
        return "sglang", None, _note(found, "it answers /model_info with a model_path")
    version = read_text(ask.record_at("/api/version").get("version"))
    if version is not None and isinstance(ask.record_at("/api/tags").get("models"), list):
        told = _note(found, "it answers /api/version and /api/tags, and not /model_info")
        return "ollama", None, replace(told, version=version)
    if found.lists_models:
        models = ask.record_at("/api/v0/models").get("data")
        if isinstance(models, list) and any("max_context_length" in m for m in _dicts(models)):
            told = _note(found, "it answers /api/v0/models with lengths of contexts")
            return "lmstudio", None, _read_lmstudio(told, models)
    return None, None, found


def _read_tei(found: ServerIdentity, info: dict[str, Any]) -> ServerIdentity:
    """TEI lists no models, but says at /info what it serves."""
    name = str(info["model_id"])
    model = ServedModel(name, root=name, max_tokens=read_whole(info.get("max_input_length")))
    told = _note(found, "it answers /info with a model_id")
    if isinstance(info.get("auto_truncate"), bool):
        does = "cuts" if info["auto_truncate"] else "refuses"
        told = _note(told, f"auto_truncate says that it {does} what is too long")
    return replace(
        told,
        served=(model,),
        version=read_text(info.get("version")),
        dtype=read_text(info.get("model_dtype")),
        max_items=read_whole(info.get("max_client_batch_size")),
        max_batch_tokens=read_whole(info.get("max_batch_tokens")),
    )


def _read_lmstudio(found: ServerIdentity, models: list[Any]) -> ServerIdentity:
    by_name = {str(model.get("id")): model for model in _dicts(models)}
    kept = [model for model in found.served if _is_embedder(by_name.get(model.id, {}))]
    served = tuple(
        replace(model, max_tokens=_length(by_name.get(model.id, {})))
        for model in kept or found.served
    )
    return replace(found, served=served)


def _is_embedder(model: dict[str, Any]) -> bool:
    return str(model.get("type", "")).startswith("embed")


def _length(model: dict[str, Any]) -> int | None:
    loaded = read_whole(model.get("loaded_context_length"))
    return loaded or read_whole(model.get("max_context_length"))


def _detail_vllm(ask: Asker, found: ServerIdentity) -> ServerIdentity:
    return replace(found, version=read_text(ask.record_at("/version").get("version")))


def _detail_sglang(ask: Asker, found: ServerIdentity) -> ServerIdentity:
    info = ask.record_at("/server_info") or ask.record_at("/get_server_info")
    dtype, path = info.get("dtype"), read_text(info.get("model_path"))
    if info.get("is_embedding") is False:
        found = _note(found, "it was started without --is-embedding")
    if path is not None and len(found.served) == 1:  # its list has the served name as root
        found = replace(found, served=(replace(found.served[0], root=path),))
    return replace(
        found,
        version=read_text(info.get("version")),
        dtype=dtype if dtype in ("float32", "bfloat16", "float16") else None,
    )


def _detail_llamacpp(ask: Asker, found: ServerIdentity) -> ServerIdentity:
    props = ask.record_at("/props")
    settings = props.get("default_generation_settings")
    length = read_whole(settings.get("n_ctx")) if isinstance(settings, dict) else None
    build = read_text(props.get("build_info"))
    return replace(
        found,
        version=None if build is None or build.endswith("-unknown") else build,
        max_tokens=length,
        dtype=found.dtype or read_text(props.get("model_ftype")),
    )


def _detail_ollama(ask: Asker, found: ServerIdentity) -> ServerIdentity:
    if found.version is not None:
        return found
    return replace(found, version=read_text(ask.record_at("/api/version").get("version")))


def _detail_infinity(ask: Asker, found: ServerIdentity) -> ServerIdentity:
    about = ask.record_below("/openapi.json").get("info")
    return replace(
        found, version=read_text(about.get("version")) if isinstance(about, dict) else None
    )


def _detail_lmstudio(ask: Asker, found: ServerIdentity) -> ServerIdentity:
    if any(model.max_tokens for model in found.served):
        return found
    models = ask.record_at("/api/v0/models").get("data")
    return _read_lmstudio(found, models) if isinstance(models, list) else found


def detail_litellm(ask: Asker, found: ServerIdentity) -> ServerIdentity:
    """LiteLLM is no engine but stands before some; asked if it is ready, it tells its version."""
    version = read_text(ask.record_at("/health/readiness").get("litellm_version"))
    return replace(found, version=found.version or version)


DETAILS: dict[str, DetailFn] = {
    "vllm": _detail_vllm,
    "sglang": _detail_sglang,
    "llamacpp": _detail_llamacpp,
    "ollama": _detail_ollama,
    "infinity": _detail_infinity,
    "lmstudio": _detail_lmstudio,
}


def _note(found: ServerIdentity, sentence: str) -> ServerIdentity:
    return replace(found, evidence=(*found.evidence, sentence))


def _dicts(items: list[Any]) -> list[dict[str, Any]]:
    return [item for item in items if isinstance(item, dict)]
