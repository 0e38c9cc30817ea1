"""Known servers and services: where they listen, what they take, what surprises people.

Limits and quirks were read in the servers' sources and seen on running servers, in the versions
that the comment beside each names.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from workbench.contracts import EndpointPreset, TooLong


@dataclass(frozen=True)
class Preset:
    """One known server program or service.

    Attributes:
        name: Short name.
        label: What people call it.
        base_url: Where it listens unless told otherwise.
        too_long: What becomes of a text beyond its length.
        about: What a person should know.
        key_env: Environment variable of a service's key; None: no key unless it was told one.
        max_items: Texts in a request, at most; None: no limit known.
        max_batch_tokens: Tokens in a request, at most.
        max_body_bytes: Bytes of a request, at most.
    """

    name: str
    label: str
    base_url: str
    too_long: TooLong
    about: str
    key_env: str | None = None
    max_items: int | None = None
    max_batch_tokens: int | None = None
    max_body_bytes: int | None = None


PRESETS: tuple[Preset, ...] = (
    Preset(  # 0.5.23
        "sglang",
        "SGLang",
        "http://localhost:30000/v1",
        "refused",
        "Answers to any model name; refuses empty texts, and dimensions unless is_matryoshka is "
        "set; normalises in the model's type.",
    ),
    Preset(  # 0.32
        "vllm",
        "vLLM",
        "http://localhost:8000/v1",
        "refused",
        "Wants the served name exactly; refuses dimensions unless is_matryoshka is set.",
    ),
    Preset(  # 1.9.3
        "tei",
        "Text Embeddings Inference",
        "http://localhost:3000/v1",
        "unknown",
        "32 texts and 2 MB a request unless told otherwise; cuts long texts without a word since "
        "1.9.0; lists no models.",
        max_items=32,
        max_body_bytes=2_000_000,
    ),
    Preset(  # 0.0.78
        "infinity",
        "infinity",
        "http://localhost:7997",
        "unknown",
        "No /v1 unless started with a url prefix; strips white space around texts, cuts long ones "
        "without a word, counts characters as tokens, does not normalise what dimensions cut.",
        max_items=2048,
    ),
    Preset(  # as of 2026-10
        "llamacpp",
        "llama.cpp",
        "http://localhost:8080/v1",
        "refused",
        "Answers to any model name; ignores dimensions; without /v1 it answers in a form of its "
        "own.",
    ),
    Preset(  # 2026-08
        "ollama",
        "Ollama",
        "http://localhost:11434/v1",
        "unknown",
        "Cuts long texts without a word; most models are quantised; takes no token ids.",
    ),
    Preset(
        "lmstudio",
        "LM Studio",
        "http://localhost:1234/v1",
        "unknown",
        "Counts no tokens; sends floats whatever it is asked for.",
    ),
    Preset(
        "openai",
        "OpenAI",
        "https://api.openai.com/v1",
        "refused",
        "2,048 texts and 300,000 tokens a request.",
        key_env="OPENAI_API_KEY",
        max_items=2048,
        max_batch_tokens=300_000,
    ),
    Preset(
        "dashscope",
        "DashScope",
        "https://dashscope.aliyuncs.com/compatible-mode/v1",
        "refused",
        "10 texts a request, 8,192 tokens a text.",
        key_env="DASHSCOPE_API_KEY",
        max_items=10,
    ),
    Preset(
        "openrouter",
        "OpenRouter",
        "https://openrouter.ai/api/v1",
        "unknown",
        "Passes requests on to other services, each with limits of its own.",
        key_env="OPENROUTER_API_KEY",
    ),
)


def find_preset(name: str) -> Preset | None:
    """The preset of that name."""
    return next((preset for preset in PRESETS if preset.name == name), None)


def preset_of_host(host: str) -> Preset | None:
    """The service at that host; None for hosts of one's own."""
    for preset in PRESETS:
        if preset.key_env is not None and urlsplit(preset.base_url).hostname == host.casefold():
            return preset
    return None


def endpoint_presets() -> tuple[EndpointPreset, ...]:
    """The presets as a panel offers them."""
    return tuple(
        EndpointPreset(preset.name, preset.label, preset.base_url, preset.key_env, preset.about)
        for preset in PRESETS
    )
