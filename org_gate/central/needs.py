"""What the present policy needs that is read only where a policy asks for it: accounts' tags, affected entities."""

from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from org_gate.policy.uses import uses_entities, uses_tags
from org_gate.store import NoPolicyError, State, Store


@dataclass(frozen=True, slots=True)
class Needs:
    """``unclear`` where this version does not understand the policy: nothing begins, nothing read is given up."""

    tags: bool = False
    entities: bool = False
    unclear: bool = False


NOTHING_MORE: Final = Needs()


def needs_of(store: Store, state: State) -> Needs:
    """Nothing where there is no policy. Raises StoreError."""
    try:
        policy = store.policy(state)[1]
    except NoPolicyError:
        return NOTHING_MORE
    except ValidationError:
        return Needs(unclear=True)
    return Needs(tags=uses_tags(policy), entities=uses_entities(policy))
