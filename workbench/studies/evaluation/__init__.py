"""How good embedders are at a task, how sure that is, and where they fail.

Importing this loads numpy only; scikit-learn comes with the first clustering.
"""

from workbench.studies.evaluation.compare import compare_embedders
from workbench.studies.evaluation.partial import EvaluationError, LostTask
from workbench.studies.evaluation.public import as_mteb_encoder, run_mteb
from workbench.studies.evaluation.report import (
    from_json,
    to_csv,
    to_html,
    to_json,
    to_markdown,
)
from workbench.studies.evaluation.run import CostFn, run_evaluation
from workbench.studies.evaluation.texts import count_texts, texts_by_role

__all__ = [
    "CostFn",
    "EvaluationError",
    "LostTask",
    "as_mteb_encoder",
    "compare_embedders",
    "count_texts",
    "from_json",
    "run_evaluation",
    "run_mteb",
    "texts_by_role",
    "to_csv",
    "to_html",
    "to_json",
    "to_markdown",
]
