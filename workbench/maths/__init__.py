"""Arrays in, arrays out: cosines, neighbours, agreement. numpy only."""

from workbench.maths.agreement import map_neighbours, neighbour_overlap, preservation
from workbench.maths.similarity import cross_neighbours, neighbours, similarity
from workbench.maths.summary import SimilaritySummary, similarity_window, summarize_similarity
from workbench.maths.vectors import as_matrix, normalize_rows, truncate_dim

__all__ = [
    "SimilaritySummary",
    "as_matrix",
    "cross_neighbours",
    "map_neighbours",
    "neighbour_overlap",
    "neighbours",
    "normalize_rows",
    "preservation",
    "similarity",
    "similarity_window",
    "summarize_similarity",
    "truncate_dim",
]
