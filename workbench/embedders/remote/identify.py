"""Which program answers at an address, by its own answers.

``GET /`` is never asked: SGLang up to 0.5.9 answered "Ollama is running" there. The list of models
tells most servers apart; what is left is asked on the one or two routes that only they have.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from workbench.embedders.remote.address import Address, host_of
from workbench.embedders.remote.details import DETAILS, detail_litellm, find_unlisted
from workbench.embedders.remote.identity import (
    Asker,
    GetFn,
    ServedModel,
    ServerIdentity,
    read_text,
    read_whole,
)
from workbench.embedders.remote.presets import find_preset, preset_of_host
from workbench.embedders.remote.reply import Reply

__all__ = ["ServedModel", "ServerIdentity", "identify"]

_OWNERS = {
    "vllm": "vllm",
    "sglang": "sglang",
    "llamacpp": "llamacpp",
    "infinity": "infinity",
    "library": "ollama",
    "organization_owner": "lmstudio",
}
_OTHER_OWNERS = {"xinference": "Xinference", "me": "llama-cpp-python"}
"""Programs without a preset."""
_LITELLM = "LiteLLM"
_LITELLM_CREATED = 1677610602
"""The time that LiteLLM gives for each model that it lists (1.106.2)."""


@dataclass(frozen=True)
class _Guess:
    """An engine, or a program without a preset, and what showed it."""

    engine: str | None = None
    program: str | None = None
    why: str = ""


def identify(get: GetFn, address: Address) -> ServerIdentity:
    """Ask a server what it is, with at most six short requests.

    Args:
        get: Fetches an absolute URL; None where nothing answered, after which nothing is asked.
        address: The endpoint; its ``base_url`` is asked for the models.
    """
    ask = Asker(get, address)
    reply = ask.ask_models()
    records = _read_records(reply)
    guess = _recognise(reply, records or [], address)
    found = ServerIdentity(
        served=tuple(map(_read_model, records or [])),
        lists_models=records is not None,
        dtype=_read_ftype(records or []),
        evidence=(guess.why,) if guess.why else (),
    )
    if reply is not None and reply.status in (401, 403):
        why = f"asked for its models it answers {reply.status}: it wants another key"
        found = replace(found, evidence=(*found.evidence, why))
    elif guess == _Guess():
        engine, program, found = find_unlisted(ask, found)
        guess = _Guess(engine, program)
    if guess.engine in DETAILS:
        found = DETAILS[guess.engine](ask, found)
    elif guess.program == _LITELLM:
        found = detail_litellm(ask, found)
    return _finish(found, guess)


def _read_records(reply: Reply | None) -> list[dict[str, Any]] | None:
    """The entries of a list of models; None where none came."""
    if reply is None or reply.status != 200:
        return None
    content = reply.json()
    data = content.get("data") if isinstance(content, dict) else content
    if not isinstance(data, list):
        return None
    records = [record for record in data if isinstance(record, dict) and record.get("id")]
    return [record for record in records if _says_embeds(record)] or records


def _says_embeds(record: dict[str, Any]) -> bool:
    """Whether an entry says that its model embeds: Xinference by its type, infinity by what it can.

    So that the one of them is found beside models that chat or rerank.
    """
    can = record.get("capabilities")
    kind = str(record.get("model_type", ""))
    return kind.startswith("embed") or (isinstance(can, list) and "embed" in can)


def _read_model(record: dict[str, Any]) -> ServedModel:
    meta = _meta(record)
    lengths = [record.get(name) for name in ("max_model_len", "context_length", "max_tokens")]
    return ServedModel(
        str(record["id"]),
        root=read_text(record.get("root")) or read_text(record.get("model_name")),
        max_tokens=next(filter(None, map(read_whole, lengths)), None),
        dim=read_whole(meta.get("n_embd")) or read_whole(record.get("dimensions")),
    )


def _meta(record: dict[str, Any]) -> dict[str, Any]:
    """llama.cpp's own words on a model."""
    meta = record.get("meta")
    return meta if isinstance(meta, dict) else {}


def _read_ftype(records: list[dict[str, Any]]) -> str | None:
    """How llama.cpp's weights are quantised."""
    return read_text(_meta(records[0]).get("ftype")) if len(records) == 1 else None


def _recognise(reply: Reply | None, records: list[dict[str, Any]], address: Address) -> _Guess:
    """By the host, the headers and the list of models."""
    service = preset_of_host(host_of(address))
    if service is not None:
        return _Guess(service.name, why=f"the host is {service.label}'s")
    headers = {} if reply is None else {k.casefold(): v for k, v in reply.headers.items()}
    if "llama.cpp" in headers.get("server", ""):
        return _Guess("llamacpp", why="the header Server says llama.cpp")
    if any(name.startswith("x-litellm-") for name in headers):
        return _Guess(program=_LITELLM, why="it sends headers of LiteLLM")
    return next(filter(None, map(_recognise_record, records)), _recognise_whole(records))


def _recognise_record(record: dict[str, Any]) -> _Guess | None:
    owner = str(record.get("owned_by", ""))
    if owner in _OWNERS or owner in _OTHER_OWNERS:
        why = f"its list of models says owned_by {owner!r}"
        return _Guess(_OWNERS.get(owner), _OTHER_OWNERS.get(owner), why)
    if {"stats", "backend", "capabilities"} <= set(record):
        return _Guess("infinity", why="its list of models has stats, backend and capabilities")
    return None


def _recognise_whole(records: list[dict[str, Any]]) -> _Guess:
    if records and all(record.get("created") == _LITELLM_CREATED for record in records):
        return _Guess(program=_LITELLM, why="each model that it lists has the time of LiteLLM's")
    return _Guess()


def _finish(found: ServerIdentity, guess: _Guess) -> ServerIdentity:
    """What follows from the engine where the server itself did not say it."""
    preset = find_preset(guess.engine) if guess.engine else None
    lengths = {model.max_tokens for model in found.served}
    shared = lengths.pop() if len(lengths) == 1 else None
    name = preset.label if preset is not None else guess.program
    found = replace(
        found,
        engine=guess.engine,
        label=f"{name} {found.version}" if name and found.version else name,
        max_tokens=found.max_tokens or shared,
    )
    if preset is None:
        return found
    return replace(
        found,
        max_items=found.max_items or preset.max_items,
        max_batch_tokens=found.max_batch_tokens or preset.max_batch_tokens,
        max_body_bytes=found.max_body_bytes or preset.max_body_bytes,
    )
