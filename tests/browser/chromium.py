"""A browser for the tests: Debian's Chromium, installed where it is missing and this machine lets us."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_MINUTES: Final = 5


def chromium() -> str | None:
    """The path of a Chromium, or None where none can be had."""
    with (Path(tempfile.gettempdir()) / f"org-gate-chromium-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several workers of one test run ask at the same time
        return _found() or _installed()


def _found() -> str | None:
    return next(filter(None, map(shutil.which, _NAMES)), None)


def _installed() -> str | None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core"]):
        try:
            subprocess.run(
                ["apt-get", "-qq", *command], env=environment, capture_output=True, timeout=60 * _MINUTES, check=True
            )
        except subprocess.SubprocessError:
            return None
    return _found()
