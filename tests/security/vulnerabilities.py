"""pip-audit over every lock, for `make audit`: what is known to be vulnerable fails; what cannot be looked up is named.

    python -m tests.security.vulnerabilities PIP_AUDIT

PIP_AUDIT is the program. It asks the registry that pip is set up for; a mirror may know the packages and nothing of
their vulnerabilities, and a machine without a network can ask nobody: both are said, and fail nothing.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

LOCKS: Final = Path(__file__).parents[2] / "requirements"
_SECONDS: Final = 300


class Found(NamedTuple):
    """Of one lock: how many packages were looked up, which could not be, and what is wrong, a line each."""

    audited: int
    skipped: tuple[str, ...]
    vulnerable: tuple[str, ...]


def found_in(report: Mapping[str, Any]) -> Found:
    """What pip-audit's JSON says."""
    packages = report["dependencies"]
    audited = [one for one in packages if "skip_reason" not in one]
    wrong = (
        f"{one['name']} {one['version']}: {bad['id']}, mended in {', '.join(bad['fix_versions']) or 'no version yet'}"
        for one in audited
        for bad in one["vulns"]
    )
    skipped = tuple(one["name"] for one in packages if "skip_reason" in one)
    return Found(len(audited), skipped, tuple(wrong))


def told(lock: str, found: Found | None) -> Iterable[str]:
    """Lines for people; None where pip-audit came to nothing."""
    if found is None:
        yield f"{lock}: not audited, pip-audit's vulnerability service does not answer here."
        return
    if not found.audited:
        yield f"{lock}: not audited, the service here does not tell of any of its {len(found.skipped)} packages."
        return
    yield f"{lock}: {found.audited} packages looked up, {len(found.vulnerable)} vulnerabilities known."
    if found.skipped:
        yield f"{lock}: not looked up, because the service here does not tell of them: {', '.join(found.skipped)}."
    yield from (f"{lock}: {line}" for line in found.vulnerable)


def _audited(program: str, lock: Path) -> Found | None:
    arguments = ["--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json"]
    try:
        done = subprocess.run(
            [program, "-r", lock, *arguments], capture_output=True, text=True, check=False, timeout=_SECONDS
        )
        return found_in(json.loads(done.stdout))
    except (subprocess.TimeoutExpired, ValueError):
        return None


def main(program: str) -> int:
    """1 where something is known to be vulnerable."""
    results = {lock.name: _audited(program, lock) for lock in sorted(LOCKS.glob("*.txt"))}
    for name, found in results.items():
        sys.stdout.writelines(f"{line}\n" for line in told(name, found))
    return int(any(found is not None and found.vulnerable for found in results.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
