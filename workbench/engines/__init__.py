"""Server programs: plan, start, wait for a first vector, stop. Nothing is left behind."""

from workbench.engines.planning import Wishes, plan_engine
from workbench.engines.running import Engine, start_engine
from workbench.engines.serving import Engines, serve

__all__ = ["Engine", "Engines", "Wishes", "plan_engine", "serve", "start_engine"]
