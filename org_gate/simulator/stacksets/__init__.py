"""Service-managed StackSets: what moto's do not do, in front of moto's stacks.

``StackSets`` is the service; ``model`` its data, ``targets`` which accounts are meant, ``engine`` what an operation
does, ``shapes`` how it is answered.
"""

from org_gate.simulator.stacksets.service import StackSets

__all__ = ["StackSets"]
