"""Puts a mutant into a process where everything is imported already: the changed functions get the mutant's code.

Only what stands inside a function can be swapped. What a module does when it is imported (constants, fields, default
values, decorators) has had its effect by then: such a mutant needs a fresh import, and ``swap`` says so.
"""

import functools
import gc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, Final

_OPTIMIZED: Final = 0x1
"""The flag that a function's code has and a module's or a class body's has not."""


@dataclass(frozen=True, slots=True)
class Function:
    """One that is not inside another, by its qualified name. Several lambdas may share one."""

    file: str
    name: str


def enclosing(code: CodeType) -> Function:
    """The outermost function that ``code`` is part of. Its file is relative to where we are."""
    path = code.co_filename.removeprefix(f"{Path.cwd()}/")
    return Function(path, code.co_qualname.partition(".<locals>")[0])


class Swapper:
    """For one module: knows its functions as they are in this process."""

    def __init__(self, file: str) -> None:
        self._path = str(Path(file).resolve())
        original = self._compiled(Path(file).read_text())
        self._shape = _shape(original)
        self._functions = [(one, _identity(one)) for one in _functions(original)]
        living = [one for one in gc.get_objects() if isinstance(one, FunctionType)]
        self._living = [one for one in living if one.__code__.co_filename == self._path]

    def changed(self, source: str) -> list[tuple[FunctionType, CodeType]] | None:
        """Each function with its new code; None where the mutant needs a fresh import."""
        mutant = self._compiled(source)
        if _shape(mutant) != self._shape:
            return None
        found = []
        for (was, identity), becomes in zip(self._functions, _functions(mutant), strict=True):
            if _identity(becomes) == identity:
                continue
            living = [one for one in self._living if one.__code__ == was]
            if not living or was.co_freevars != becomes.co_freevars:
                return None
            found += [(one, becomes) for one in living]
        return found

    def _compiled(self, source: str) -> CodeType:
        return compile(source, self._path, "exec", dont_inherit=True)


def swap(changes: list[tuple[FunctionType, CodeType]]) -> None:
    for function, code in changes:
        function.__code__ = code


def clear_caches() -> None:
    """What was remembered of the code as it was."""
    for one in gc.get_objects():
        if isinstance(one, functools._lru_cache_wrapper) and str(one.__module__).startswith("org_gate."):
            one.cache_clear()


def _functions(code: CodeType) -> Iterator[CodeType]:
    """Those of the module and its classes, in order; none that is inside another."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_flags & _OPTIMIZED:
                yield constant
            else:
                yield from _functions(constant)


def _shape(code: CodeType) -> Any:
    """All that an import does: equal where only the insides of functions differ."""
    return _identity(code, inside=False)


def _identity(code: CodeType, *, inside: bool = True) -> Any:
    """What the code does, whatever lines it is in."""
    constants = tuple(
        ("function", constant.co_qualname)
        if isinstance(constant, CodeType) and constant.co_flags & _OPTIMIZED and not inside
        else _identity(constant, inside=inside)
        if isinstance(constant, CodeType)
        else (type(constant), repr(constant))
        for constant in code.co_consts
    )
    arguments = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    names = (code.co_qualname, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    return arguments, names, code.co_code, code.co_exceptiontable, constants
