"""JupyterLab, opened on a lesson with the settings that the panels need."""

from workbench.lab.launcher import LabCommand, build_command, find_notebook, start_lab

__all__ = ["LabCommand", "build_command", "find_notebook", "start_lab"]
