"""For which Python and which processor the central functions' code is built.

A release is built for what Lambda runs, whatever machine builds it; a build for this machine's own interpreter is
what the same code needs to run here.
"""

import platform
import sys
from dataclasses import dataclass
from typing import Final

_ARCHITECTURES: Final = {"x86_64": "x86_64", "amd64": "x86_64", "arm64": "arm64", "aarch64": "arm64"}


@dataclass(frozen=True, slots=True)
class LambdaPlatform:
    """``python`` as in ``3.13``; ``architecture`` as Lambda spells it: ``arm64`` or ``x86_64``."""

    python: str
    architecture: str


RELEASE: Final = LambdaPlatform("3.13", "arm64")


def this_machine() -> LambdaPlatform:
    """What the running interpreter is. Raises KeyError on a processor that Lambda does not have."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return LambdaPlatform(version, _ARCHITECTURES[platform.machine().lower()])
