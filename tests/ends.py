"""Which ends of functions in an error are meant: Lambda counts them, and alarms ring by that."""

import re
from collections.abc import Iterable
from typing import Final

_MEANT: Final = (
    # the table fails: what was stored stays, and the next run reads the rest
    re.compile(r"org-gate-(collector|resumer|reporter) of .* 'Store\w*Error: DynamoDB's "),
    # nothing takes the job's answer, so Lambda has the gate try once more
    re.compile(r"org-gate of .* 'RuntimeError: CodePipeline took no answer for job "),
    # a test killed the process, or had it end as though it were
    re.compile(r"'Runtime\.ExitError: Error: Runtime exited with error: (signal: |exit status 137)"),
)


def unmeant(lines: Iterable[str]) -> list[str]:
    """Those lines of the simulator's that tell of another end in an error."""
    return [line for line in lines if "ended in an error" in line and not _is_meant(line)]


def _is_meant(line: str) -> bool:
    plain = line.replace("\\", "").replace('"', "'")  # the error is quoted one way or the other
    return any(known.search(plain) for known in _MEANT)
