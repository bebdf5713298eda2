"""The DynamoDB table: what is known of events, accounts and the policy, and what was decided.

`Store` is the way in. Nothing here calls AWS Health or judges anything; what a reading means for a record is
handed in by the collector.
"""

from org_gate.store.errors import ConflictError, NoPolicyError, StoreError, StoreUnavailableError, TooLargeError
from org_gate.store.state import State
from org_gate.store.store import Store

__all__ = ["ConflictError", "NoPolicyError", "State", "Store", "StoreError", "StoreUnavailableError", "TooLargeError"]
