"""Putting something of ours in the place of something of moto's, for as long as a simulator runs.

moto has no seam for most of what it does not simulate; a name is bound anew and given back afterwards, so that
two simulators in one process (tests) do not see each other. For moto and the standard library only, never for
code of ours.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any


@contextmanager
def rebound(owner: Any, name: str, value: Any) -> Iterator[None]:
    """``owner.name`` is ``value`` inside the block."""
    before = vars(owner)[name]  # as it is stored: getattr would unwrap a classmethod
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


@contextmanager
def all_rebound(owner: Any, values: Mapping[str, Any]) -> Iterator[None]:
    """Several names of one owner."""
    with ExitStack() as stack:
        for name, value in values.items():
            stack.enter_context(rebound(owner, name, value))
        yield
