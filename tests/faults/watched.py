"""Put into a function's code in front of its handler: tells in the log of whatever would be written to a disk.

It runs in the function's own process, before anything of the function is imported. ``WATCHED`` in its environment is
the handler that it stands in for.
"""

import importlib
import os
import sys
from typing import Any

MARK = "WRITES TO DISK"
WATCHING = "what is written to a disk is told here"
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_CHANGING = frozenset({"os.mkdir", "os.rename", "os.link", "os.symlink", "os.truncate", "sqlite3.connect"})


def audit(event: str, args: tuple[Any, ...]) -> None:
    """As ``sys.addaudithook`` has it."""
    if event == "open":
        path, mode, flags = args
        writing = bool(set("wax+") & set(mode)) if isinstance(mode, str) else bool(flags & _WRITING)
        if not writing or path == os.devnull:
            return
    elif event not in _CHANGING:
        return
    sys.stderr.write(f"{MARK}: {event} {args[0]!r}\n")


if "WATCHED" in os.environ:
    sys.dont_write_bytecode = True  # where Lambda has the code, nothing can be written
    sys.addaudithook(audit)
    sys.stderr.write(f"{WATCHING}\n")
    _module, _, _name = os.environ["WATCHED"].rpartition(".")
    handler = getattr(importlib.import_module(_module), _name)
