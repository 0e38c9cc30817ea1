"""The endpoint doctor: what is asked of a server, and what its answers show."""

from workbench.studies.doctor.examine import examine
from workbench.studies.doctor.golden import GoldenReference, read_golden
from workbench.studies.doctor.probes import PROBES

__all__ = ["PROBES", "GoldenReference", "examine", "read_golden"]
