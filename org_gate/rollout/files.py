"""Where the files that org-gate ships beside its code are: the source tree, or the installed package's ``_data``.

Names are the source tree's own: ``stacksets/central.yaml.j2``, ``requirements/lambda.txt``, ``config/policy.yaml``.
"""

from importlib.resources import files
from pathlib import Path

PACKAGE = Path(str(files("org_gate")))


def shipped(name: str) -> Path:
    """The path of a shipped file or folder. Raises FileNotFoundError where this installation lacks it."""
    for root in (PACKAGE / "_data", PACKAGE.parent):
        path = root / name
        if path.exists():
            return path
    msg = f"this installation of org-gate lacks {name}; install it again"
    raise FileNotFoundError(msg)


def cache_folder() -> Path:
    """Where what is built may stay: beside the source tree, or in the user's cache for an installed package."""
    if (PACKAGE.parent / "pyproject.toml").exists():
        return PACKAGE.parent / ".cache" / "org-gate"
    return Path.home() / ".cache" / "org-gate"
