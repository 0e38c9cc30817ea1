"""The map for more points than plotly draws with ease: jupyter-scatter, its selection linked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.contracts import KINDS, one_import
from workbench.errors import DependencyError, InputError
from workbench.figures import KIND_COLOURS, KIND_NAMES, clip

if TYPE_CHECKING:
    from workbench.panels.explorer import Explorer

TOOLTIP_CHARACTERS = 120


def scatter_view(panel: Explorer) -> Any:  # noqa: ANN401  (jupyter-scatter has no types)
    """The present map as a ``jscatter.Scatter``; selecting in it selects in the panel, and back.

    Raises:
        DependencyError: jupyter-scatter is not installed.
        InputError: There is no map yet.
    """
    view = panel.view
    if view is None or view.projection is None:
        raise InputError("There is no map yet: press Embed, or call embed().")
    with one_import("jscatter", "pandas"):
        try:
            import jscatter
        except ImportError as exc:
            raise DependencyError(
                "panel.scatter() draws with jupyter-scatter, which is not installed. "
                "Run: pip install 'embedding-workbench[scatter]'"
            ) from exc
        import pandas as pd

    kinds = [item.kind for item in view.request.parsed.items]
    present = [kind for kind in KINDS if kind in kinds]
    points = pd.DataFrame(
        {
            "x": view.projection.points[:, 0],
            "y": view.projection.points[:, 1],
            "kind": pd.Categorical(kinds, categories=present).rename_categories(KIND_NAMES),
            "text": [clip(text, TOOLTIP_CHARACTERS) for text in view.request.texts],
        }
    )
    scatter = jscatter.Scatter(data=points, x="x", y="y", axes=False, legend=True)
    scatter.color(by="kind", map=[KIND_COLOURS[kind] for kind in present])
    scatter.tooltip(enable=True, properties=["text"])
    scatter.selection(list(panel.selection))
    _link(panel, scatter, view.serial)
    return scatter


def _link(panel: Explorer, scatter: Any, serial: int) -> None:  # noqa: ANN401
    """One selection in both, for as long as the panel shows the view of that serial."""

    def link(change: dict[str, Any]) -> None:
        if panel.view is None or panel.view.serial != serial:
            panel.unobserve(link, names="selection")
            scatter.widget.unobserve(link, names="selection")
            return
        indices = [int(i) for i in change["new"]]
        if change["owner"] is panel:
            scatter.selection(indices)
        elif indices != list(panel.selection):
            panel.selection = indices

    panel.observe(link, names="selection")
    scatter.widget.observe(link, names="selection")
