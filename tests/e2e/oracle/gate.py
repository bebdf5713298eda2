"""What the gate of an account answers: its parameters, central or not, its own look at AWS Health (G2-G8, D13, D14)."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.e2e.oracle.decision import STRICTNESS, Decision, Question, Reason, in_order
from tests.e2e.oracle.fits import Aim, Fit, targets_fit
from tests.e2e.oracle.policy import Policy
from tests.e2e.oracle.sky import Shown, Sighting
from tests.e2e.oracle.times import seconds

_FIELDS = frozenset({"targets", "on_block", "hold_for", "pipeline", "stage", "execution_id"})
_TARGET_FIELDS = frozenset({"account", "region", "services", "availability_zones"})
_BEYOND_THE_ACCOUNT = frozenset({"regions", "services", "pipelines"})
_LONGEST_HOLD = 23 * 3_600
_REGION = r"global|[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}"


class WrongParametersError(Exception):
    """UserParameters that fail the job in every mode (G2)."""


@dataclass(frozen=True)
class Gate:
    """A gate as the rollout left it: what it knows without central stays as it was at the start (D14)."""

    account: str
    region: str
    rolled_out: Policy
    tree: Mapping[str, str]

    @property
    def mode(self) -> str:
        """Of the account, whatever Region, service or pipeline it will be about: the stricter of all ways (D7, D14)."""
        possible = []
        for entry in self.rolled_out.modes:
            fit = self._account_fits(entry["targets"])
            possible += [] if fit is False else [str(entry["mode"])]
            if fit is True and not entry["targets"].keys() & _BEYOND_THE_ACCOUNT:
                return max(possible, key=STRICTNESS.index)
        return max((*possible, self.rolled_out.mode), key=STRICTNESS.index)

    @property
    def on_unknown(self) -> str:
        return self.rolled_out.default("on_unknown") if self.mode == "enforce" else "allow"

    def exempt(self, question: Question) -> bool:
        """D11 without central: globs over pipelines, by Region; what names services is not among them."""
        return all(
            aim.account == self.account
            and any(self._exempts(wanted, aim, question) for wanted in self.rolled_out.exempt)
            for aim in question.aims
        )

    def _exempts(self, wanted: Mapping[str, Any], aim: Aim, question: Question) -> bool:
        fits = targets_fit(wanted, aim, question.pipeline, self.tree, self.rolled_out)
        return "services" not in wanted and fits is True

    def _account_fits(self, wanted: Mapping[str, Any]) -> Fit:
        of_account = {name: values for name, values in wanted.items() if name not in _BEYOND_THE_ACCOUNT}
        return targets_fit(of_account, Aim(self.account, "global"), None, self.tree, self.rolled_out)

    def alone(self, question: Question, shown: Shown | None, now: int) -> Decision:
        """No central URL answered. ``shown`` is None where AWS Health does not answer either."""
        services = tuple(self.rolled_out.platform_services)
        aims = (*question.aims, Aim(self.account, self.region, services)) if services else question.aims
        spelled = tuple(replace(aim, services=tuple(code.upper() for code in aim.services)) for aim in aims)
        many = len(spelled)
        empty = Decision(
            spelled,
            (),
            (self.mode,) * many,
            (False,) * many,
            self.exempt(question),
            source=None if shown is None else "local",
        )
        return self.looked(empty, shown, now)

    def looked(self, decision: Decision, shown: Shown | None, now: int) -> Decision:
        """The decision with what the gate found in its own account merged in, or with ``unknown``."""
        if shown is None:
            return decision.with_reasons([Reason("unknown", self.on_unknown, lifted=decision.all_overridden)])
        blocked = {(r.target, r.event) for r in decision.reasons if r.kind == "event" and r.verdict == "block"}
        found = [reason for reason in self._found(decision, shown, now) if (reason.target, reason.event) not in blocked]
        return decision.with_reasons(in_order(found))

    def _found(self, decision: Decision, shown: Shown, now: int) -> Iterable[Reason]:
        for index, aim in enumerate(decision.aims):
            if aim.account != self.account:
                yield Reason("hint", "warn", target=index)
            for event in shown.events.values():
                if self._counts(event, aim, now):
                    yield Reason("event", "block", "local", index, event.key, lifted=decision.overridden[index])

    def _counts(self, event: Sighting, aim: Aim, now: int) -> bool:
        open_issue = (event.fields.get("eventTypeCategory"), event.fields.get("statusCode")) == ("issue", "open")
        there = event.key[1] in (aim.region, "global")
        listed, service = {code.upper() for code in aim.services}, event.fields["service"].upper()
        meant = not listed or service in {*listed, "MULTIPLE_SERVICES"} or "MULTIPLE_SERVICES" in listed
        return open_issue and not event.over(now) and there and self._sees(event, aim) and meant

    def _sees(self, event: Sighting, aim: Aim) -> bool:
        """An account's own view does not list who is affected: what does not say whom it is for may be for anybody."""
        if not event.public and self.account not in event.accounts:
            return False
        return aim.account == self.account or event.fields.get("eventScopeCode") != "ACCOUNT_SPECIFIC"


@dataclass(frozen=True)
class Wish:
    """What UserParameters ask for; ``hold_for`` is 0 where nothing is held."""

    aims: tuple[Aim, ...]
    hold_for: int = 0


def asked_for(parameters: Any, account: str, behind: tuple[Aim, ...]) -> Wish:
    """The given targets, or what lies behind the gate (G4). Raises WrongParametersError."""
    data = _read(parameters)
    hold_for = seconds(data.get("hold_for", "3h")) if data.get("on_block") == "hold" else 0
    if "targets" not in data:
        return Wish(behind, hold_for)
    if not isinstance(data["targets"], list) or not 1 <= len(data["targets"]) <= 100:
        raise WrongParametersError
    return Wish(tuple(_aim(target, account) for target in data["targets"]), hold_for)


def _read(parameters: Any) -> Mapping[str, Any]:
    if parameters is None or parameters == "":
        return {}
    try:
        data = json.loads(parameters) if isinstance(parameters, str) else parameters
    except ValueError:
        raise WrongParametersError from None
    if not isinstance(data, dict) or data.keys() - _FIELDS or data.get("on_block", "fail") not in ("fail", "hold"):
        raise WrongParametersError
    if not all(isinstance(data[name], str) for name in data.keys() - {"targets"}):
        raise WrongParametersError
    lasts = data.get("hold_for", "3h")
    if not _fits(r"[1-9][0-9]*[smhd]", lasts) or seconds(lasts) > _LONGEST_HOLD:
        raise WrongParametersError
    return data


def _aim(target: Any, account: str) -> Aim:
    if isinstance(target, str):
        parts = target.split("/")
        if not 2 <= len(parts) <= 4:
            raise WrongParametersError
        names = [tuple(part.split("+")) if part else () for part in (*parts[2:], "", "")][:2]
        return _checked(Aim(parts[0], parts[1], *names))
    if not isinstance(target, dict) or target.keys() - _TARGET_FIELDS or "region" not in target:
        raise WrongParametersError
    lists = [target.get(name, []) for name in ("services", "availability_zones")]
    if not all(isinstance(values, list) and all(isinstance(value, str) for value in values) for values in lists):
        raise WrongParametersError
    return _checked(Aim(target.get("account", account), target["region"], *map(tuple, lists)))


def _checked(aim: Aim) -> Aim:
    if not _fits(r"[0-9]{12}", aim.account) or not _fits(_REGION, aim.region):
        raise WrongParametersError
    if "" in aim.services or "" in aim.zones:
        raise WrongParametersError
    return aim


def _fits(pattern: str, value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None
