"""Study results as plotly figures: pure functions, readable on light and dark, texts as data."""

from workbench.figures.changes import change_figure
from workbench.figures.evaluation import cost_figure, scores_figure
from workbench.figures.evaluation_items import compare_items, wins_figure
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
    "compare_items",
    "cost_figure",
    "display_width",
    "hover_text",
    "label_text",
    "map_figure",
    "matrix_figure",
    "scores_figure",
    "wins_figure",
    "wrap",
]
