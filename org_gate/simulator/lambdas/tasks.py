"""The task directory of a function: its zip, unpacked once for each code, read-only but for bytecode."""

import io
import shutil
import zipfile
from pathlib import Path
from tempfile import mkdtemp
from threading import Lock
from typing import Final

from org_gate.simulator.lambdas.functions import DeployedFunction

_READ_ONLY_FILE: Final = 0o555
_READ_ONLY_FOLDER: Final = 0o555
_BYTECODE: Final = "__pycache__"


class TaskFolders:
    """Task directories below one temporary folder, shared by all functions with the same code."""

    def __init__(self) -> None:
        self._root = Path(mkdtemp(prefix="org-gate-tasks-"))
        self._folders: dict[str, Path] = {}
        self._lock = Lock()

    def folder(self, function: DeployedFunction) -> Path:
        """Raises zipfile.BadZipFile where the code is no zip."""
        with self._lock:
            if function.code_sha not in self._folders:
                self._folders[function.code_sha] = self._unpack(function)
            return self._folders[function.code_sha]

    def close(self) -> None:
        for folder in [self._root, *(path for path in self._root.rglob("*") if path.is_dir())]:
            folder.chmod(0o755)
        shutil.rmtree(self._root)

    def _unpack(self, function: DeployedFunction) -> Path:
        folder = self._root / f"task-{len(self._folders) + 1}"
        folder.mkdir()
        with zipfile.ZipFile(io.BytesIO(function.code)) as archive:
            archive.extractall(folder)
        _make_read_only(folder)
        return folder


def _make_read_only(folder: Path) -> None:
    # The folders for bytecode stay writable: without them each cold start compiles the whole zip again.
    for path in [folder, *folder.rglob("*")]:
        if not path.is_dir():
            path.chmod(_READ_ONLY_FILE)
        elif path.name != _BYTECODE:
            (path / _BYTECODE).mkdir(exist_ok=True)
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir() and path.name != _BYTECODE:
            path.chmod(_READ_ONLY_FOLDER)
