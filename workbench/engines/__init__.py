"""Server programs: plan, start, wait for a first vector, stop. Nothing is left behind."""

from workbench.engines.planning import Wishes, plan_engine
from workbench.engines.running import Engine, start_engine
from workbench.engines.serving import Engines, serve
from workbench.engines.teaching import TeachingServer, serve_wrongly

__all__ = [
    "Engine",
    "Engines",
    "TeachingServer",
    "Wishes",
    "plan_engine",
    "serve",
    "serve_wrongly",
    "start_engine",
]
