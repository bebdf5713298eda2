"""The gates' test call: each gate is invoked as a pipeline would invoke it, and says how it stands.

Shows what no stack status shows: that the function runs, which version it is, and that central answers it from there.
Touches no pipeline, and changes nothing. The call's form and its answer are the gate's (``org_gate/member/gate.py``).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import boto3

from org_gate.inventory.installed import Place
from org_gate.inventory.members import (
    AWS_FAULTS,
    FUNCTION,
    Doors,
    Inside,
    NoWayInError,
    Told,
    code_of,
    fault_words,
    nobody,
    side_by_side,
)

EVENT: Final = {"org-gate": "test"}
_MISSING: Final = "the function org-gate is not there: its stack is missing or unfinished, or somebody deleted it"
_AT_THE_DOOR: Final = (
    "403 at its door: the account is not in the organization that the central stack names, or the gate's role may not "
    "call the central function"
)


@dataclass(frozen=True, slots=True)
class CentralSeen:
    """A cell as a gate sees it. ``why`` says in words why it does not answer there; what it told is None then.

    ``name`` is the gate's word for it: ``central in REGION``. ``age_seconds`` of its knowledge is None, too, where it
    never polled.
    """

    name: str
    answers: bool
    why: str
    version: str | None = None
    age_seconds: int | None = None
    stale: bool | None = None
    policy_version: int | None = None


@dataclass(frozen=True, slots=True)
class CheckedGate:
    """What the test call of one gate came to.

    ``cause`` is empty where all is well, else the trouble in words, the same for all gates that have it; ``said`` are
    AWS's or the gate's own words to it. ``version``, ``mode`` and ``on_unknown`` are None where the gate did not tell.
    """

    account: str
    region: str
    cause: str = ""
    said: str = ""
    version: str | None = None
    mode: str | None = None
    on_unknown: str | None = None
    central: tuple[CentralSeen, ...] = ()

    @property
    def is_well(self) -> bool:
        return not self.cause


def check_gates(
    session: boto3.Session,
    gates: Iterable[Place],
    *,
    region: str,
    version: str | None = None,
    doors: Iterable[Place] = (),
    told: Told = nobody,
) -> tuple[CheckedGate, ...]:
    """Calls the gates in these accounts and Regions, a few accounts at a time; in order of account and Region.

    A gate is well that answers, is of ``version`` (None: whichever it is), and is answered by a cell at least.
    ``session`` is the central account's, ``region`` the central one. ``doors`` are gates that surely left their role:
    one role serves all Regions of its account. ``told`` hears how many accounts are done. Raises AwsRefusedError where
    the session itself is no good.
    """
    wanted, roles = _by_account(gates), _by_account(doors)
    if not wanted:
        return ()
    way = Doors(session, region)

    def check(account: str) -> list[CheckedGate]:
        regions = wanted[account]
        return _check_account(way, account, regions, [*roles.get(account, ()), *regions], version)

    return tuple(each for account in side_by_side(check, wanted, told) for each in account)


def by_cause(checked: Iterable[CheckedGate]) -> list[tuple[str, tuple[CheckedGate, ...]]]:
    """Those that are not well, by their trouble: what most of them have comes first."""
    found: dict[str, list[CheckedGate]] = {}
    for each in checked:
        if not each.is_well:
            found.setdefault(each.cause, []).append(each)
    return [(cause, tuple(found[cause])) for cause in sorted(found, key=lambda cause: (-len(found[cause]), cause))]


def _by_account(places: Iterable[Place]) -> dict[str, list[str]]:
    """Regions by account, both in order."""
    found: dict[str, list[str]] = {}
    for account, region in sorted(set(places)):
        found.setdefault(account, []).append(region)
    return found


def _check_account(
    doors: Doors, account: str, regions: Sequence[str], roles: Sequence[str], version: str | None
) -> list[CheckedGate]:
    try:
        inside = doors.enter(account, list(dict.fromkeys(roles)))
    except NoWayInError as error:
        return [CheckedGate(account, region, error.cause) for region in regions]
    return [_check(inside, account, region, version) for region in regions]


def _check(inside: Inside, account: str, region: str, version: str | None) -> CheckedGate:
    try:
        reply = inside.client("lambda", region).invoke(FunctionName=FUNCTION, Payload=json.dumps(EVENT).encode())
        payload = json.loads(reply["Payload"].read())
    except AWS_FAULTS as error:
        missing = code_of(error) == "ResourceNotFoundException"
        cause = _MISSING if missing else f"the function org-gate cannot be called: {fault_words(error)}"
        return CheckedGate(account, region, cause, str(error))
    except ValueError as error:
        return CheckedGate(account, region, "the function org-gate answers what is not JSON", str(error))
    if "FunctionError" in reply:
        return _failed(account, region, payload)
    return judged(account, region, payload, version)


def _failed(account: str, region: str, payload: Any) -> CheckedGate:
    told = payload if isinstance(payload, dict) else {}
    said = str(told.get("errorMessage", ""))
    timeout = "timed out" in said
    cause = "it did not answer within its own time" if timeout else f"it failed ({told.get('errorType', 'Unhandled')})"
    return CheckedGate(account, region, cause, said)


def judged(account: str, region: str, payload: Any, version: str | None) -> CheckedGate:
    """From what a gate answered, to how it stands."""
    told = payload if isinstance(payload, dict) else {}
    central = told.get("central")
    if not isinstance(told.get("version"), str) or not isinstance(central, list):
        return CheckedGate(account, region, "it knows no test call: it is older than that, or not a gate of org-gate")
    seen = tuple(_central(each) for each in central if isinstance(each, dict))
    return CheckedGate(
        account,
        region,
        cause=_trouble(told["version"], version, seen),
        version=told["version"],
        mode=str(told.get("mode")),
        on_unknown=str(told.get("on_unknown")),
        central=seen,
    )


def _trouble(found: str, wanted: str | None, seen: Sequence[CentralSeen]) -> str:
    if wanted is not None and found != wanted:
        return f"it is of version {found}, not {wanted}"
    if any(each.answers for each in seen):
        return ""
    return "no central URL answers it: " + ("; ".join(f"{each.name}: {each.why}" for each in seen) or "it knows none")


def _central(told: Mapping[str, Any]) -> CentralSeen:
    why = told.get("why")
    return CentralSeen(
        str(told.get("name", "central")),
        answers=not why,
        why=_AT_THE_DOOR if why == "answered 403" else str(why or ""),
        version=_of(str, told.get("version")),
        age_seconds=_of(int, told.get("age_seconds")),
        stale=_of(bool, told.get("stale")),
        policy_version=_of(int, told.get("policy_version")),
    )


def _of(kind: type, value: Any) -> Any:
    return value if isinstance(value, kind) else None
