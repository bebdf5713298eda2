"""Importing a function's code anew for each instance, without a process of its own.

The package of the handler, and what only the zip has, come from the task directory under names of the instance, so
that module-level state is never shared; everything else is this interpreter's. Nothing global changes but
``sys.modules``, where the instance's modules stand under names nobody else uses.
"""

import builtins
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import Any, Final


class OwnModules:
    """The modules of one instance. ``prefix`` has to be unique to it and a valid module name."""

    def __init__(self, task: Path, prefix: str, handler_module: str) -> None:
        self._task = task
        self._prefix = prefix
        self._handler_top = handler_module.split(".", maxsplit=1)[0]
        self._lock = RLock()
        self._builtins: Final = {**vars(builtins), "__import__": self._import}
        self._tops: dict[str, bool] = {}

    def load(self, name: str) -> ModuleType:
        """The module by its name in the zip. Raises what its import raises."""
        with self._lock:
            own_name = f"{self._prefix}.{name}"
            parent, _, child = name.rpartition(".")
            package = self.load(parent) if parent else None
            if own_name in sys.modules:  # not before: a package may import its module
                return sys.modules[own_name]
            module = self._execute(name, own_name)
            if package is not None:
                setattr(package, child, module)
            return module

    def forget(self) -> None:
        for name in [name for name in sys.modules if name.startswith(f"{self._prefix}.")]:
            del sys.modules[name]

    def _execute(self, name: str, own_name: str) -> ModuleType:
        spec = self._spec(name, own_name)
        if spec is None or spec.loader is None:
            msg = f"No module named {name!r}"
            raise ModuleNotFoundError(msg, name=name)
        module = importlib.util.module_from_spec(spec)
        vars(module)["__builtins__"] = self._builtins
        sys.modules[own_name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[own_name]
            raise
        return module

    def _spec(self, name: str, own_name: str) -> ModuleSpec | None:
        path = self._task.joinpath(*name.split("."))
        if (path / "__init__.py").is_file():
            return importlib.util.spec_from_file_location(
                own_name, path / "__init__.py", submodule_search_locations=[str(path)]
            )
        source = path.with_name(f"{path.name}.py")
        return importlib.util.spec_from_file_location(own_name, source) if source.is_file() else None

    def _is_own(self, top: str) -> bool:
        if top not in self._tops:
            in_zip = self._spec(top, top) is not None
            self._tops[top] = in_zip and (top == self._handler_top or importlib.util.find_spec(top) is None)
        return self._tops[top]

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,  # noqa: A002  __import__'s signature
        locals: Mapping[str, Any] | None = None,  # noqa: A002  likewise
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        absolute = self._absolute(name, globals or {}, level)
        if not self._is_own(absolute.split(".", maxsplit=1)[0]):
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        module = self.load(absolute)
        if not fromlist:
            return self.load(absolute.split(".", maxsplit=1)[0])
        for item in fromlist:
            if not hasattr(module, item) and self._spec(f"{absolute}.{item}", item) is not None:
                self.load(f"{absolute}.{item}")
        return module

    def _absolute(self, name: str, importing: Mapping[str, Any], level: int) -> str:
        if level == 0:
            return name
        package = str(importing["__package__"]).removeprefix(f"{self._prefix}.")
        return importlib.util.resolve_name("." * level + name, package)
