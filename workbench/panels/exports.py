"""What the Export menu gives: files made in a temporary folder, sent to the browser as bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from workbench.errors import InputError
from workbench.panels.state import View
from workbench.studies import export_html, save_embeddings, save_neighbours

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MIME: Mapping[str, str] = MappingProxyType(
    {
        "npz": "application/octet-stream",
        "parquet": "application/vnd.apache.parquet",
        "csv": "text/csv",
        "jsonl": "application/jsonl",
        "neighbours.csv": "text/csv",
        "html": "text/html",
        "zip": "application/zip",
    }
)


def export_view(
    view: View, what: str, draw: Callable[[str], Figure | None]
) -> tuple[str, str, bytes]:
    """One export of what is on screen.

    A format that keeps its recipe in a second file comes as a zip of both.

    Args:
        view: What is on screen.
        what: A key of ``MIME``.
        draw: Gives the figure "matrix", "map" or "changes", or None where there is none.

    Returns:
        File name, MIME type, content.

    Raises:
        InputError: ``what`` is not one of the formats.
    """
    if what not in MIME:
        raise InputError(f"Export as {what!r} was asked for; there are {', '.join(MIME)}.")
    items = view.request.parsed.items
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"embeddings.{what}"
        if what == "html":
            headings = (("Similarity", "matrix"), ("Map", "map"), ("Difference", "changes"))
            drawn = [(heading, draw(name)) for heading, name in headings]
            figures = [(heading, figure) for heading, figure in drawn if figure is not None]
            export_html(target, figures, title="Embedding explorer", paragraphs=[view.label])
        elif what == "neighbours.csv":
            save_neighbours(target, items, view.comparison)
        else:
            save_embeddings(target, items, view.embeddings)
        return _pack(sorted(Path(folder).iterdir()), target, MIME[what])


def _pack(written: list[Path], target: Path, mime: str) -> tuple[str, str, bytes]:
    if len(written) == 1:
        return target.name, mime, target.read_bytes()
    import zipfile

    packed = target.with_name(f"{target.stem}-{target.suffix[1:]}.zip")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in written:
            archive.write(path, path.name)
    return packed.name, MIME["zip"], packed.read_bytes()
