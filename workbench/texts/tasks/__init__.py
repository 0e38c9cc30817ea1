"""What an embedder is evaluated on, read from files, pasted text and the built-in sets."""

from workbench.texts.tasks.beir import read_beir
from workbench.texts.tasks.bitext import parse_bitext, read_bitext
from workbench.texts.tasks.builtin import builtin_names, builtin_task, builtin_tasks
from workbench.texts.tasks.candidates import parse_reranking, read_reranking
from workbench.texts.tasks.clustering import parse_clustering, read_clustering
from workbench.texts.tasks.functions import parse_code, read_code
from workbench.texts.tasks.pairs import (
    parse_labelled_pairs,
    parse_scored_pairs,
    read_labelled_pairs,
    read_scored_pairs,
)
from workbench.texts.tasks.reading import parse_task, read_source, read_task
from workbench.texts.tasks.sealing import hash_task

__all__ = [
    "builtin_names",
    "builtin_task",
    "builtin_tasks",
    "hash_task",
    "parse_bitext",
    "parse_clustering",
    "parse_code",
    "parse_labelled_pairs",
    "parse_reranking",
    "parse_scored_pairs",
    "parse_task",
    "read_beir",
    "read_bitext",
    "read_clustering",
    "read_code",
    "read_labelled_pairs",
    "read_reranking",
    "read_scored_pairs",
    "read_source",
    "read_task",
]
