"""Questions asked of vectors, or of an embedder that is handed in.

Importing this room loads numpy only; umap, scipy and pandas come with the first question that
needs them.
"""

from workbench.maths.summary import SimilaritySummary
from workbench.studies.background import Background, Percentile, measure_background
from workbench.studies.changes import Change, compare_change
from workbench.studies.clusters import cluster_texts
from workbench.studies.comparison import Comparison, compare, order_by_likeness
from workbench.studies.coverage import KindCoverage, same_vectors, unknown_by_kind
from workbench.studies.export import recipe_of, save_embeddings, save_neighbours
from workbench.studies.page import export_html
from workbench.studies.projection import Projection, carry_over, project

__all__ = [
    "Background",
    "Change",
    "Comparison",
    "KindCoverage",
    "Percentile",
    "Projection",
    "SimilaritySummary",
    "carry_over",
    "cluster_texts",
    "compare",
    "compare_change",
    "export_html",
    "measure_background",
    "order_by_likeness",
    "project",
    "recipe_of",
    "same_vectors",
    "save_embeddings",
    "save_neighbours",
    "unknown_by_kind",
]
