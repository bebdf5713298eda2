"""AWS Health of the simulated organization, built on botocore's service model: moto has none.

It shows what it is told to show and answers as AWS does. It knows nothing of gates, policies or verdicts.
"""

from org_gate.simulator.health.events import HealthUpdate, HealthUpdateError
from org_gate.simulator.health.service import HEALTH_PRINCIPAL, HealthService

__all__ = ["HEALTH_PRINCIPAL", "HealthService", "HealthUpdate", "HealthUpdateError"]
