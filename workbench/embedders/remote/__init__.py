"""Models behind OpenAI-compatible endpoints."""

from workbench.embedders.remote.address import is_address, split_spec
from workbench.embedders.remote.connect import connect
from workbench.embedders.remote.embedder import RemoteEmbedder
from workbench.embedders.remote.keys import ApiKey
from workbench.embedders.remote.line import EndpointLine
from workbench.embedders.remote.naming import find_by_name
from workbench.embedders.remote.presets import PRESETS, Preset, endpoint_presets, find_preset
from workbench.embedders.remote.snippets import make_snippets

__all__ = [
    "PRESETS",
    "ApiKey",
    "EndpointLine",
    "Preset",
    "RemoteEmbedder",
    "connect",
    "endpoint_presets",
    "find_by_name",
    "find_preset",
    "is_address",
    "make_snippets",
    "split_spec",
]
