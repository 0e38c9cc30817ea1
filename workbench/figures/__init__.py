"""Study results as plotly figures: pure functions, readable on light and dark, texts as data."""

from workbench.figures.changes import change_figure
from workbench.figures.labels import clip, display_width, hover_text, label_text, wrap
from workbench.figures.map import map_figure
from workbench.figures.matrix import matrix_figure
from workbench.figures.style import KIND_COLOURS, KIND_NAMES, KIND_SYMBOLS

__all__ = [
    "KIND_COLOURS",
    "KIND_NAMES",
    "KIND_SYMBOLS",
    "change_figure",
    "clip",
    "display_width",
    "hover_text",
    "label_text",
    "map_figure",
    "matrix_figure",
    "wrap",
]
