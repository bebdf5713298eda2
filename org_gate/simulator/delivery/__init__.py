"""What AWS carries from one service to the next: schedules, events, notifications, queues, asynchronous calls.

moto is the registry of rules, topics, subscriptions, queues and mappings; ``Delivery`` does the carrying, in simulated
time, when the one loop that drives the simulator says so. No threads, no sleeping.
"""

from org_gate.simulator.delivery.pump import Delivery

__all__ = ["Delivery"]
