"""``os.environ``, stdout, names and boto3's default session of a function that runs in this very process.

Each is replaced by a stand-in that asks which function runs in the present context: its own environment, its own
log, its own session; outside of a function, what was there before. Threads that a function starts are within it.
"""

import contextvars
import io
import os
import socket
import sys
import threading
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TextIO, cast

import boto3
import botocore.session

from org_gate.simulator.lambdas.launch import no_such_name
from org_gate.simulator.rebind import rebound
from org_gate.simulator.sessions import MODELS


@dataclass
class Surroundings:
    """What one instance of a function has to itself. ``log`` is emptied by whoever reads it."""

    environment: dict[str, str]
    log: io.StringIO = field(default_factory=io.StringIO)
    session: boto3.Session | None = None

    def take_log(self) -> str:
        text = self.log.getvalue()
        self.log.seek(0)
        self.log.truncate()
        return text


_present: Final[contextvars.ContextVar[Surroundings | None]] = contextvars.ContextVar("surroundings", default=None)


@contextmanager
def within(surroundings: Surroundings) -> Iterator[None]:
    """Code in the block is the function's."""
    _take_streams()
    token = _present.set(surroundings)
    try:
        yield
    finally:
        _present.reset(token)


@contextmanager
def separate_surroundings() -> Iterator[None]:
    """Puts the stand-ins in place; what was there comes back at the end."""
    with ExitStack() as stack:
        stack.enter_context(rebound(os, "environ", _Environ(os.environ)))
        stack.enter_context(rebound(socket, "gethostbyname_ex", no_such_name))
        stack.callback(_give_streams_back)
        stack.enter_context(rebound(boto3, "_get_default_session", _default_session(boto3._get_default_session)))
        stack.enter_context(rebound(botocore.session, "create_loader", lambda _path=None: MODELS))
        stack.enter_context(rebound(threading.Thread, "start", _inheriting_start(threading.Thread.start)))
        yield


class _Environ(MutableMapping[str, str]):
    def __init__(self, outside: MutableMapping[str, str]) -> None:
        self._outside = outside

    def _here(self) -> MutableMapping[str, str]:
        surroundings = _present.get()
        return self._outside if surroundings is None else surroundings.environment

    def __getitem__(self, key: str) -> str:
        return self._here()[key]

    def __setitem__(self, key: str, value: str) -> None:
        self._here()[key] = value

    def __delitem__(self, key: str) -> None:
        del self._here()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._here())

    def __len__(self) -> int:
        return len(self._here())

    def __or__(self, other: Mapping[str, str]) -> dict[str, str]:
        return {**self._here(), **other}

    def copy(self) -> dict[str, str]:
        return dict(self._here())


class _Stream:
    """A text stream by composition: whatever is not written goes to the one it stands in for."""

    def __init__(self, outside: TextIO) -> None:
        self._outside = outside

    def _here(self) -> TextIO:
        surroundings = _present.get()
        return self._outside if surroundings is None else cast("TextIO", surroundings.log)

    def write(self, text: str) -> int:
        return self._here().write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._here(), name)


def _take_streams() -> None:
    # at every call: whoever captures output (a test runner, say) puts its own streams there in between
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, _Stream):
            setattr(sys, name, _Stream(stream))


def _give_streams_back() -> None:
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, _Stream):
            setattr(sys, name, stream._outside)


def _default_session(outside: Any) -> Any:
    # boto3 keeps one session for a process; here several functions with different roles share it
    def get() -> boto3.Session:
        surroundings = _present.get()
        if surroundings is None:
            session: boto3.Session = outside()
            return session
        if surroundings.session is None:
            surroundings.session = boto3.Session()
        return surroundings.session

    return get


def _inheriting_start(start: Any) -> Any:
    def start_within(thread: threading.Thread) -> None:
        if _present.get() is not None:
            context, run = contextvars.copy_context(), thread.run
            setattr(thread, "run", lambda: context.run(run))  # noqa: B010  a method of this one thread
        start(thread)

    return start_within
