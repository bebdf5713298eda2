"""Starts awslambdaric in a process that never outlives the simulator, and that has no name server.

Run by path as the first thing in a function's process, by an interpreter that cannot see our packages: standard
library only. Arguments: the id of the process that started it, and the handler.
"""

import ctypes
import os
import runpy
import signal
import socket
import sys
from typing import NoReturn

PR_SET_PDEATHSIG = 1


def main(parent: int, handler: str) -> None:
    """Ask Linux to kill us with our parent, then become the runtime."""
    socket.gethostbyname_ex = no_such_name
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we asked
        sys.exit(1)
    sys.argv = ["awslambdaric", handler]
    runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)


def no_such_name(name: str) -> NoReturn:
    """The real internet must not answer (or hang) for the simulated one."""
    raise socket.gaierror(socket.EAI_NONAME, f"the simulated AWS has no name server to look {name} up")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
