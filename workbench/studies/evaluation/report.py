"""An evaluation to keep: Markdown, CSV, HTML, and JSON that can be read again."""

from workbench.studies.evaluation.report_csv import to_csv
from workbench.studies.evaluation.report_html import to_html
from workbench.studies.evaluation.report_json import from_json, to_json
from workbench.studies.evaluation.report_markdown import to_markdown

__all__ = ["from_json", "to_csv", "to_html", "to_json", "to_markdown"]
