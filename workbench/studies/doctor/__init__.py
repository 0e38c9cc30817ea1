"""The endpoint doctor: what is asked of a server, and what its answers show."""

from workbench.studies.doctor.examine import examine

__all__ = ["examine"]
