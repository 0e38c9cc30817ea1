"""The Explorer: texts, embedder and instruction on the left; matrix, map and tables on the right."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import traitlets

from workbench.contracts import EmbedderCatalogue, Embeddings, Kind, Prompt, resolve_prompt
from workbench.errors import InputError, WorkbenchError
from workbench.figures import Figure
from workbench.panels import assets
from workbench.panels.sources import Source, default_source, source_from
from workbench.panels.state import BUSY, Layout, Request, Status, View
from workbench.panels.exports import export_view
from workbench.panels.session import Session, Unrelated
from workbench.panels.wire import (
    banner_payload,
    changes_payload,
    choice_payload,
    map_payload,
    matrix_payload,
    percentile_payload,
    status_payload,
    texts_payload,
)
from workbench.studies import cluster_texts, order_by_likeness
from workbench.texts import parse_texts, sample_names

ASKED = Mapping[str, Any]
EMPTY: dict[str, Any] = {}


class Explorer(anywidget.AnyWidget):
    """A panel for the notebook; everything a click does can be done by code as well.

    Attributes:
        selection: Indices of the selected texts; set it to select everywhere.
    """

    _esm: ClassVar[str] = assets.script()
    _css: ClassVar[str] = assets.style()

    text = traitlets.Unicode().tag(sync=True)
    options = traitlets.Dict().tag(sync=True)
    status = traitlets.Dict().tag(sync=True)
    busy = traitlets.Bool(False).tag(sync=True)
    preview = traitlets.Dict({"prefix": "", "note": "", "error": ""}).tag(sync=True)
    banner = traitlets.Dict({"message": ""}).tag(sync=True)
    issues = traitlets.List().tag(sync=True)
    table = traitlets.Dict({"texts": []}).tag(sync=True)
    matrix = traitlets.Dict(EMPTY).tag(sync=True)
    map = traitlets.Dict(EMPTY).tag(sync=True)
    changes = traitlets.Dict(EMPTY).tag(sync=True)
    selection = traitlets.List(traitlets.Int()).tag(sync=True)
