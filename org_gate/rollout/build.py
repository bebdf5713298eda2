"""The zip that the central functions run from: their dependencies and the packages of org_gate they need.

Same inputs, same bytes: entries in order, one time stamp, one mode, nothing that an installer leaves behind. The zip
is known by the SHA-256 of its bytes, so a deployment changes if and only if the code does.
"""

import hashlib
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from org_gate.rollout.files import PACKAGE, shipped
from org_gate.rollout.install import installed
from org_gate.rollout.lambda_platform import LambdaPlatform

CENTRAL_PACKAGES: Final = ("central", "decision", "health", "inventory", "model", "policy", "report", "store")
_LEFT_BEHIND: Final = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_MODE: Final = 0o100644 << 16


@dataclass(frozen=True, slots=True)
class Artifact:
    """A zip on this machine, named after its content wherever it goes."""

    path: Path
    sha256: str

    @property
    def name(self) -> str:
        return f"{self.sha256}.zip"


def central_artifact(platform: LambdaPlatform, cache: Path) -> Artifact:
    """The central functions' zip for a platform; built only where its inputs changed. Raises BuildError."""
    libraries = installed(shipped("requirements/lambda.txt"), cache, platform)
    files = dict(sorted([*_library_files(libraries), *_own_files()]))
    path = cache / f"central-{_inputs_digest(libraries.name, _own_files())}.zip"
    if not path.exists():
        _write(path, files)
    return Artifact(path, hashlib.sha256(path.read_bytes()).hexdigest())


def _own_files() -> Iterator[tuple[str, Path]]:
    yield "org_gate/__init__.py", PACKAGE / "__init__.py"
    for package in CENTRAL_PACKAGES:
        for name, path in _below(PACKAGE / package):
            yield f"org_gate/{package}/{name}", path


def _library_files(folder: Path) -> Iterator[tuple[str, Path]]:
    for name, path in _below(folder):
        if path.name not in _LEFT_BEHIND and not name.startswith("bin/"):
            yield name, path


def _below(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            yield path.relative_to(folder).as_posix(), path


def _inputs_digest(libraries: str, sources: Iterator[tuple[str, Path]]) -> str:
    """Of all that makes the zip what it is, this module included. ``libraries`` names lock and platform."""
    digest = hashlib.sha256(libraries.encode() + Path(__file__).read_bytes())
    for name, path in sources:
        digest.update(f"\0{name}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _write(path: Path, files: dict[str, Path]) -> None:
    partial = path.with_suffix(f".{os.getpid()}")
    with zipfile.ZipFile(partial, "w") as archive:
        for name, source in files.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system, entry.external_attr = 3, _MODE
            archive.writestr(entry, source.read_bytes(), zipfile.ZIP_DEFLATED)
    partial.replace(path)
