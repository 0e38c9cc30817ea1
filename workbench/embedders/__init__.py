"""The only room with a model in it: texts to vectors."""

from workbench.embedders.bundled import find_bundled
from workbench.embedders.cache import CachedEmbedder
from workbench.embedders.catalogue import model_state, models
from workbench.embedders.download import download
from workbench.embedders.findings import Finding
from workbench.embedders.hub import is_downloaded
from workbench.embedders.lexical import LexicalEmbedder
from workbench.embedders.loading import load
from workbench.embedders.plan import DownloadPlan, plan_download
from workbench.embedders.preflight import ModelReport, inspect_model
from workbench.embedders.recipe import Recipe
from workbench.embedders.references import EndpointReference, WeightsReference, reference_for
from workbench.embedders.registry import CARDS, ModelCard, find_card
from workbench.embedders.remote import ApiKey, RemoteEmbedder, connect
from workbench.embedders.stream import stream

__all__ = [
    "CARDS",
    "ApiKey",
    "CachedEmbedder",
    "DownloadPlan",
    "EndpointReference",
    "Finding",
    "LexicalEmbedder",
    "ModelCard",
    "ModelReport",
    "Recipe",
    "RemoteEmbedder",
    "WeightsReference",
    "connect",
    "download",
    "find_bundled",
    "find_card",
    "inspect_model",
    "is_downloaded",
    "load",
    "model_state",
    "models",
    "plan_download",
    "reference_for",
    "stream",
]
