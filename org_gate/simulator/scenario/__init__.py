"""Scenarios (S1–S4): what a YAML file says about an organization, its pipelines and what happens to them.

``read_scenario`` is the way in. This package reads and checks; it plays nothing.
"""

from org_gate.simulator.scenario.model import Scenario
from org_gate.simulator.scenario.read import read_scenario

__all__ = ["Scenario", "read_scenario"]
