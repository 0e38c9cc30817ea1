"""The map for more points than plotly draws with ease: jupyter-scatter, its selection linked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.contracts import KINDS, one_import
from workbench.errors import DependencyError, InputError
from workbench.figures import KIND_COLOURS, KIND_NAMES

if TYPE_CHECKING:
    from workbench.panels.explorer import Explorer


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
        }
    )
    scatter = jscatter.Scatter(data=points, x="x", y="y", axes=False, legend=True)
    scatter.color(by="kind", map=[KIND_COLOURS[kind] for kind in present])
    scatter.selection(list(panel.selection))
    scatter.widget.observe(lambda change: _take(panel, change["new"]), names="selection")
    panel.observe(lambda change: scatter.selection(list(change["new"])), names="selection")
    return scatter


def _take(panel: Explorer, selected: Any) -> None:  # noqa: ANN401
    indices = [int(i) for i in selected]
    if indices != list(panel.selection):
        panel.selection = indices
