"""Locked dependencies, installed by pip into a folder of their own: once per lock, Python and processor.

What is installed is what the lock's hashes say; a second run with the same lock needs no network.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from org_gate.inventory.errors import BuildError
from org_gate.rollout.lambda_platform import LambdaPlatform, this_machine

_PIP = ("-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input", "install")
_WHEELS = ("--require-hashes", "--no-deps", "--only-binary=:all:", "--no-compile")  # a lock names them all
_PIP_ARCHITECTURE = {"x86_64": "x86_64", "arm64": "aarch64"}


def installed(lock: Path, cache: Path, platform: LambdaPlatform) -> Path:
    """The folder below ``cache`` that holds what ``lock`` names. Raises BuildError."""
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    folder = cache / f"{lock.stem}-{platform.python}-{platform.architecture}-{digest}"
    if folder.exists():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=cache, prefix="installing-"))
    try:
        _pip_install(lock, fresh, platform)
        _move(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def _pip_install(lock: Path, folder: Path, platform: LambdaPlatform) -> None:
    command = [sys.executable, *_PIP, *_WHEELS, *_foreign(platform), "--target", str(folder), "-r", str(lock)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own arguments
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-5:])
        msg = (
            f"pip could not install {lock.name} for Python {platform.python} on {platform.architecture}, so functions "
            f"lack what they run on. Check the network and pip's index, and run again. pip says:\n{last}"
        )
        raise BuildError(msg)


def _foreign(platform: LambdaPlatform) -> list[str]:
    """What tells pip to install for another interpreter than the one that runs it."""
    if platform == this_machine():
        return []
    architecture = _PIP_ARCHITECTURE[platform.architecture]
    # Lambda's Python 3.12 and later stand on glibc 2.34, older ones on 2.26: wheels for up to 2.17 fit all.
    tags = [f"--platform=manylinux2014_{architecture}", f"--platform=manylinux_2_17_{architecture}"]
    return [*tags, f"--python-version={platform.python}", "--implementation=cp"]


def _move(fresh: Path, folder: Path) -> None:
    """Into place in one step; where another process was faster, its folder is as good as ours."""
    try:
        fresh.rename(folder)
    except OSError:
        if not folder.exists():
            raise
