"""What the Lambda service brings beside a function's zip: awslambdaric and boto3, installed once and kept.

Installed with pip from a hashed requirements file into a folder named after the file's content, the Python version
and the architecture. Several processes may ask at once: one installs, the others wait, and a folder appears only
when it is whole.
"""

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).resolve().parents[2]


def requirements_file(name: str) -> Path:
    """The requirements file shipped with the package, or beside it in a checkout. Raises FileNotFoundError."""
    places = (_PACKAGE / "_data" / "requirements" / name, _PACKAGE.parent / "requirements" / name)
    for place in places:
        if place.is_file():
            return place
    msg = f"{name} is neither in {places[0].parent} nor in {places[1].parent}; reinstall org-gate"
    raise FileNotFoundError(msg)


def cache_folder() -> Path:
    """``$XDG_CACHE_HOME/org-gate``, else ``.cache/org-gate`` of the checkout, else of the home folder."""
    chosen = os.environ.get("XDG_CACHE_HOME")
    if chosen:
        return Path(chosen) / "org-gate"
    checkout = _PACKAGE.parent
    base = checkout if (checkout / "pyproject.toml").is_file() else Path.home()
    return base / ".cache" / "org-gate"


def installed(requirements: Path, cache: Path, *, dependencies: bool = True) -> Path:
    """The folder with what the requirements file names. Raises RuntimeError where pip fails."""
    folder = cache / _folder_name(requirements)
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / f"{folder.name}.lock"):
        if not folder.is_dir():
            _install(requirements, folder, dependencies=dependencies)
    return folder


def _folder_name(requirements: Path) -> str:
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]
    version = f"py{sys.version_info.major}.{sys.version_info.minor}"
    return f"{requirements.stem}-{digest}-{version}-{platform.system().lower()}-{platform.machine()}"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _install(requirements: Path, folder: Path, *, dependencies: bool) -> None:
    unfinished = folder.with_name(f"{folder.name}.{os.getpid()}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--require-hashes"]
    command += ["--target", str(unfinished), "--requirement", str(requirements)]
    command += [] if dependencies else ["--no-deps"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own interpreter
    if done.returncode != 0:
        shutil.rmtree(unfinished, ignore_errors=True)
        msg = (
            f"the Lambda runtime's files could not be installed from {requirements}: without them no function runs. "
            f"Check that pip reaches a package registry, or use --runtime inprocess. pip said:\n{done.stderr.strip()}"
        )
        raise RuntimeError(msg)
    unfinished.rename(folder)
