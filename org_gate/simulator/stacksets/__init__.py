"""Service-managed StackSets: what moto's do not do, in front of moto's stacks.

``StackSets`` is the service; ``model`` its data, ``access`` who may, ``requests`` what calls ask for, ``targets`` which
accounts are meant. ``operations`` is when it is done, ``preparing`` with which instances, ``work`` in which order,
``deeds`` and ``stacks`` what is done in one account and Region. ``automatic`` follows the organization, ``drift`` is
what was changed behind its back; ``reading`` and ``shapes`` are how it is answered.
"""

from org_gate.simulator.stacksets.service import StackSets

__all__ = ["StackSets"]
