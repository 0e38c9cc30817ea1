"""The words that all rooms share: embedders, embeddings, prompts, texts, progress."""

from workbench.contracts.catalogue import ChoiceState, EmbedderCatalogue, EmbedderChoice
from workbench.contracts.diagnosis import EXIT_CODES, Diagnosis, Finding, Status
from workbench.contracts.embedder import (
    Backend,
    Embedder,
    EmbedderInfo,
    Embeddings,
    Pooling,
    TooLong,
)
from workbench.contracts.endpoints import (
    EndpointCatalogue,
    EndpointPreset,
    EndpointVerdict,
    Snippet,
)
from workbench.contracts.engines import (
    EngineChoice,
    EngineForms,
    EngineName,
    EnginePhase,
    EnginePlan,
    EngineProgress,
    EngineProgressFn,
    EngineStarter,
    RunningEngine,
)
from workbench.contracts.evaluation import (
    Cost,
    Difference,
    EmbedderResult,
    Evaluation,
    Failure,
    Interval,
    Score,
    TaskResult,
)
from workbench.contracts.evaluator import Evaluator
from workbench.contracts.examiner import Examiner
from workbench.contracts.imports import one_import
from workbench.contracts.line import (
    Answer,
    Ask,
    Attempt,
    Budget,
    Line,
    Opening,
)
from workbench.contracts.partial import FailedText, PartialError
from workbench.contracts.progress import CancelSignal, Progress, ProgressFn, check_cancel
from workbench.contracts.prompts import Prompt, PromptSource, resolve_prompt
from workbench.contracts.reference import Reference, Variant
from workbench.contracts.sizes import size_words
from workbench.contracts.tasks import (
    Bitext,
    Clustering,
    CodeFunction,
    CodeSearch,
    LabelledPairs,
    Reranking,
    Retrieval,
    ScoredPairs,
    Source,
    Task,
    TaskKind,
)
from workbench.contracts.texts import KINDS, Issue, Kind, TextItem

__all__ = [
    "EXIT_CODES",
    "KINDS",
    "Answer",
    "Ask",
    "Attempt",
    "Backend",
    "Bitext",
    "Budget",
    "CancelSignal",
    "ChoiceState",
    "Clustering",
    "CodeFunction",
    "CodeSearch",
    "Cost",
    "Diagnosis",
    "Difference",
    "Embedder",
    "EmbedderCatalogue",
    "EmbedderChoice",
    "EmbedderInfo",
    "EmbedderResult",
    "Embeddings",
    "EndpointCatalogue",
    "EndpointPreset",
    "EndpointVerdict",
    "EngineChoice",
    "EngineForms",
    "EngineName",
    "EnginePhase",
    "EnginePlan",
    "EngineProgress",
    "EngineProgressFn",
    "EngineStarter",
    "Evaluation",
    "Evaluator",
    "Examiner",
    "FailedText",
    "Failure",
    "Finding",
    "Interval",
    "Issue",
    "Kind",
    "LabelledPairs",
    "Line",
    "Opening",
    "PartialError",
    "Pooling",
    "Progress",
    "ProgressFn",
    "Prompt",
    "PromptSource",
    "Reference",
    "Reranking",
    "Retrieval",
    "RunningEngine",
    "Score",
    "ScoredPairs",
    "Snippet",
    "Source",
    "Status",
    "Task",
    "TaskKind",
    "TaskResult",
    "TextItem",
    "TooLong",
    "Variant",
    "check_cancel",
    "one_import",
    "resolve_prompt",
    "size_words",
]
