"""Texts as they were given: parsing pastes and files, guessing kinds, the project's samples."""

from workbench.texts.collecting import Draft, ParsedTexts, collect, report_truncated
from workbench.texts.files import read_texts, read_texts_from_bytes
from workbench.texts.kinds import guess_kind
from workbench.texts.parsing import SplitMode, parse_texts
from workbench.texts.samples import sample_names, sample_path, samples
from workbench.texts.splitting import join_texts
from workbench.texts.tables import texts_from_frame

__all__ = [
    "Draft",
    "ParsedTexts",
    "SplitMode",
    "collect",
    "guess_kind",
    "join_texts",
    "parse_texts",
    "read_texts",
    "read_texts_from_bytes",
    "report_truncated",
    "sample_names",
    "sample_path",
    "samples",
    "texts_from_frame",
]
