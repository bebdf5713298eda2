"""A mutant that a whole import has to see, in a process forked from one where only the libraries are loaded.

The changed module exists in the child's memory only: no file is ever changed.
"""

import importlib.abc
import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

from tests.mutants.trial import Order, run


def failing(file: str, source: str, order: Order, tests: Sequence[str]) -> str | None:
    """The test that fails with the module as changed; of all, unless some files are named. Only in a child."""
    module = file.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    sys.dont_write_bytecode = True
    sys.meta_path.insert(0, _Finder(module, file, source))
    code = run(order, "-x", tests=tests)
    return (order.failed or f"pytest ended with {code}") if code else None


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, module: str, file: str, source: str) -> None:
        self._module, self._file, self._source = module, file, source

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:  # noqa: ARG002  importlib's
        if fullname != self._module:
            return None
        loader = _Loader(fullname, str(Path(self._file).resolve()), self._source)
        return importlib.util.spec_from_file_location(fullname, loader.path, loader=loader)


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, source: str) -> None:
        super().__init__(name, path)
        self._source = source

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002  importlib's
        return compile(self._source, self.path, "exec", dont_inherit=True)
