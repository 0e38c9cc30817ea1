"""The table of known servers and services."""

from __future__ import annotations

import dataclasses
from typing import get_args

import pytest

from workbench.contracts import EngineName, TooLong
from workbench.embedders.remote.address import host_of, is_loopback, read_address
from workbench.embedders.remote.presets import (
    PRESETS,
    Preset,
    endpoint_presets,
    find_preset,
    preset_of_host,
)

SERVERS = [preset for preset in PRESETS if preset.key_env is None]
SERVICES = [preset for preset in PRESETS if preset.key_env is not None]


def by_name(preset: Preset) -> str:
    return preset.name


def test_the_servers_and_services_are_these_in_this_order() -> None:
    assert [preset.label for preset in PRESETS] == [
        "SGLang",
        "vLLM",
        "Text Embeddings Inference",
        "infinity",
        "llama.cpp",
        "Ollama",
        "LM Studio",
        "OpenAI",
        "DashScope",
        "OpenRouter",
    ]


def test_each_engine_that_can_be_started_has_a_preset() -> None:
    assert set(get_args(EngineName)) <= {preset.name for preset in PRESETS}


@pytest.mark.parametrize("preset", PRESETS, ids=by_name)
def test_each_address_is_one_that_needs_no_change(preset: Preset) -> None:
    address = read_address(preset.base_url)
    assert preset.base_url in address.candidates
    assert address.note == ""


@pytest.mark.parametrize("preset", SERVERS, ids=by_name)
def test_a_server_of_ones_own_is_looked_for_here_and_wants_no_key(preset: Preset) -> None:
    address = read_address(preset.base_url)
    assert is_loopback(address)
    assert preset_of_host(host_of(address)) is None


@pytest.mark.parametrize("preset", SERVICES, ids=by_name)
def test_a_service_is_sealed_and_known_by_its_host(preset: Preset) -> None:
    assert preset.base_url.startswith("https://")
    host = host_of(read_address(preset.base_url))
    assert preset_of_host(host) is preset
    assert preset_of_host(host.upper()) is preset
    for other in (f"{host}.example.org", f"x{host}", f"x.{host}", host.partition(".")[2], ""):
        assert preset_of_host(other) is None


@pytest.mark.parametrize("preset", PRESETS, ids=by_name)
def test_each_is_found_by_name_and_says_what_people_should_know(preset: Preset) -> None:
    assert find_preset(preset.name) is preset
    assert preset.about.endswith(".")
    assert preset.too_long in get_args(TooLong)


def test_names_and_addresses_are_there_once() -> None:
    for field in ("name", "label", "base_url"):
        assert len({getattr(preset, field) for preset in PRESETS}) == len(PRESETS)


def test_another_name_finds_none() -> None:
    assert find_preset("no-such-server") is None


@pytest.mark.parametrize(
    ("name", "limits"),
    [
        ("tei", (32, None, 2_000_000)),
        ("infinity", (2048, None, None)),
        ("openai", (2048, 300_000, None)),
        ("dashscope", (10, None, None)),
        ("vllm", (None, None, None)),
        ("sglang", (None, None, None)),
        ("llamacpp", (None, None, None)),
    ],
)
def test_limits_that_are_known_are_said(name: str, limits: tuple[int | None, ...]) -> None:
    preset = find_preset(name)
    assert preset is not None
    assert (preset.max_items, preset.max_batch_tokens, preset.max_body_bytes) == limits


def test_only_those_known_to_refuse_long_texts_are_said_to() -> None:
    refuse = {preset.name for preset in PRESETS if preset.too_long == "refused"}
    assert refuse == {"sglang", "vllm", "llamacpp", "openai", "dashscope"}
    assert not [preset for preset in PRESETS if preset.too_long == "cut"], "none says that it cuts"


def test_a_panel_is_offered_the_same() -> None:
    for preset, offered in zip(PRESETS, endpoint_presets(), strict=True):
        for field in dataclasses.fields(offered):
            assert getattr(offered, field.name) == getattr(preset, field.name)
