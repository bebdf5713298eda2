"""A second decision, written sentence by sentence from the contract, to hold the engine against.

Slow and plain on purpose: every target against every event against every rule, three-valued answers as True, False
and None, rules tried by recursion. Shares nothing with the engine but the words of ``org_gate.model`` and the
policy's data.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from org_gate.model.event import Event, Knowledge
from org_gate.model.override import Override
from org_gate.model.request import Request
from org_gate.policy.services import SERVICE_CODES

Data = dict[str, Any]
Fits = bool | None
Asked = tuple[str, str, tuple[str, ...], tuple[str, ...]]
"""Account, Region, services, zones."""
Given = tuple[str, str, str | None, int | None, str, str]
"""A reason: kind, verdict, rule, target; then an event's ARN and Region, a freeze's name and from/to, or empty."""
Told = tuple[Given, str | None]
"""A reason, and the id of the override that lifts it."""
STRICTNESS = ["shadow", "warn", "enforce"]
SEVERITY = ["allow", "warn", "block"]
LENGTH = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Said:
    verdict: str
    would_be: str
    mode: str
    exempt: bool
    targets: list[Asked]
    modes: list[str]
    overridden: list[bool]
    reasons: list[Told]
    omitted: int
    age: int | None
    stale: bool


def say(request: Request, knowledge: Knowledge, policy: Data, now: datetime) -> Said:
    return _World(request, knowledge, policy, now).said()


class _World:
    def __init__(self, request: Request, knowledge: Knowledge, policy: Data, now: datetime) -> None:
        self.request = request
        self.knowledge = knowledge
        self.policy = policy
        self.now = now
        self.aliases: dict[str, str] = {name.upper(): code.upper() for name, code in policy["service_aliases"].items()}

    def one(self, code: str) -> str:
        code = code.upper()
        while self.aliases.get(code, code) != code:
            code = self.aliases[code]
        return code

    def said(self) -> Said:
        """D9, D12, D15."""
        targets = [self.resolved(target) for target in self.asked()]
        age, stale = self.age()
        reasons = [*self.hints(), *self.staleness(stale)]
        for index, target in enumerate(targets):
            reasons += self.events(index, target) + self.freezes(index, target)
        kinds = ["event", "freeze", "stale", "unknown", "hint"]
        reasons.sort(key=lambda r: (-SEVERITY.index(r[1]), kinds.index(r[0]), -1 if r[3] is None else r[3], r[4], r[5]))
        modes = [self.mode(self.policy["modes"], target) for target in targets]
        mode = STRICTNESS[max(STRICTNESS.index(one) for one in modes)]
        exempt = all(self.exempt(target) for target in targets[: len(self.request.targets)])
        told = [(reason, self.lifted_by(reason, targets)) for reason in reasons]
        would_be = verdict = "allow"
        for (_, said, _, at, _, _), override in [] if exempt else told:
            enforced = (mode if at is None else modes[at]) == "enforce"
            said = "warn" if override and said == "block" else said  # noqa: PLW2901  what it counts for
            would_be = severer(would_be, said)
            verdict = severer(verdict, said if enforced or said != "block" else "warn")
        overridden = [bool(self.naming("all", target)) for target in targets]
        omitted = max(0, len(reasons) - 100)
        return Said(verdict, would_be, mode, exempt, targets, modes, overridden, told[:100], omitted, age, stale)

    def lifted_by(self, reason: Given, targets: list[Asked]) -> str | None:
        """D10; D13 for what is of all targets."""
        kind, _, _, at, name, _ = reason
        if kind == "hint":
            return None
        if at is not None:
            called = f"freeze:{name}" if kind == "freeze" else name
            return first([*self.naming("all", targets[at]), *self.naming(called, targets[at])])
        each = [self.naming("all", target) for target in targets]
        return first([override for override in each[0] if all(override in named for named in each)])

    def naming(self, event: str, target: Asked) -> list[Override]:
        """D10, D7: those in force that name both."""
        pipeline = self.request.pipeline
        found: list[Override] = []
        for override in self.knowledge.overrides:
            begun, over = override.created_at <= self.now, override.expires_at <= self.now
            account = target[0] in override.accounts if override.accounts else None
            named = bool(pipeline and pipeline.name and any(fnmatchcase(pipeline.name, g) for g in override.pipelines))
            fits = {account, named if override.pipelines else None} - {None}
            if begun and not over and override.revoked_at is None and event in override.events and fits == {True}:
                found.append(override)
        return found

    def mode(self, modes: list[Data], target: Asked) -> str:
        """D12 and D7's two ways."""
        if not modes:
            return str(self.policy["mode"])
        fits = self.filter_fits(modes[0]["targets"], target)
        here, below = modes[0]["mode"], self.mode(modes[1:], target) if fits is not True else "shadow"
        if fits is False:
            return below
        return below if STRICTNESS.index(below) > STRICTNESS.index(here) else str(here)

    def exempt(self, target: Asked) -> bool:
        """D11."""
        return any(self.filter_fits(written, target) is True for written in self.policy["exempt"])

    def filter_fits(self, written: Data, target: Asked) -> Fits:
        answers = [self.target_field(field, value, target) for field, value in written.items()]
        return False if False in answers else None if None in answers else True

    def freezes(self, index: int, target: Asked) -> list[Given]:
        """D8."""
        found: list[Given] = []
        for freeze in self.policy["freezes"]:
            window = in_force(freeze, self.now)
            excepted = "except" in freeze and self.filter_fits(freeze["except"], target) is True
            if window and not excepted and self.filter_fits(freeze["targets"], target) is not False:
                told = "/".join(moment.isoformat() for moment in window)
                found.append(("freeze", freeze["verdict"], None, index, freeze["name"], told))
        return found

    def asked(self) -> list[Asked]:
        """D1, D2."""
        asked = [(t.account, t.region, t.services, t.availability_zones) for t in self.request.targets]
        pipeline, platform = self.request.pipeline, self.policy["platform_services"]
        if pipeline and pipeline.region and platform:
            asked.append((self.request.caller, pipeline.region, tuple(platform), ()))
        return asked

    def strange(self, target: Asked) -> set[str]:
        return {code for code in target[2] if code.upper() not in SERVICE_CODES and code.upper() not in self.aliases}

    def resolved(self, target: Asked) -> Asked:
        """D5c."""
        account, region, services, zones = target
        resolved: list[str] = []
        for code in services:
            if self.one(code) not in resolved:
                resolved.append(self.one(code))
        return account, region, () if self.strange(target) else tuple(resolved), zones

    def hints(self) -> list[Given]:
        """D5c, A5."""
        found: list[Given] = []
        for index, target in enumerate(self.asked()):
            number = len(self.strange(target)) + (1 if target[1] == "xx-nowhere-1" else 0)
            found += [("hint", "warn", None, index, "", "")] * number
        return found

    def age(self) -> tuple[int | None, bool]:
        """D13."""
        if self.knowledge.as_of is None:
            return None, True
        age = max(0, int((self.now - self.knowledge.as_of).total_seconds()))
        return age, age > seconds(self.policy["defaults"]["max_age"])

    def staleness(self, stale: bool) -> list[Given]:  # noqa: FBT001  said by age()
        on_stale = self.policy["defaults"]["on_stale"]
        return [("stale", on_stale, None, None, "", "")] if stale and on_stale in {"warn", "block"} else []

    def events(self, index: int, target: Asked) -> list[Given]:
        found: list[Given] = []
        for event in self.knowledge.events:
            if over(event, self.now) or not self.concerns(event, target):
                continue
            verdict, rule = self.tried(self.policy["rules"], event, target)
            if verdict != "allow" or rule is not None:
                found.append(("event", verdict, rule, index, event.arn, event.region))
        return found

    def concerns(self, event: Event, target: Asked) -> bool:
        """D5; the cautious reading where something about the event is not told."""
        account, region, services, zones = target
        service = None if event.service is None else self.one(event.service)
        is_global_service = service is None or service in {self.one(code) for code in self.policy["global_services"]}
        # a
        if region == "global":
            if not (event.region in {"global", ""} or is_global_service):
                return False
        elif not (event.region in {region, "global", ""} or is_global_service):
            return False
        # b
        if event.scope in {"PUBLIC", "ACCOUNT_SPECIFIC"}:
            public = event.scope == "PUBLIC"
        else:
            public = not event.lists_accounts and not event.accounts
        if not public and account not in event.accounts:
            return False
        # c
        needed = {
            self.one(n) for code, ns in self.policy["depends_on"].items() if self.one(code) in services for n in ns
        }
        platform = {self.one(code) for code in self.policy["platform_services"]}
        if services and service is not None and service not in {*services, *needed, *platform, "MULTIPLE_SERVICES"}:
            return False
        # d
        if not self.zones(event) or not zones:
            return True
        return any_zone(self.zones(event), zones) is not False

    def zones(self, event: Event) -> list[str]:
        """D5d."""
        from_field = [event.availability_zone] if event.availability_zone is not None else []
        return from_field + (list(event.text_zones) if self.policy["zones_from_text"] else [])

    def tried(self, rules: list[Data], event: Event, target: Asked) -> tuple[str, str | None]:
        """D6 and D7's two ways."""
        if not rules:
            return self.policy["defaults"]["verdict"], None
        rule, below = rules[0], rules[1:]
        answers = [
            *(self.match_field(field, value, event, target[0]) for field, value in rule.get("match", {}).items()),
            *(self.target_field(field, value, target) for field, value in rule.get("targets", {}).items()),
        ]
        otherwise = self.tried(below, event, target)
        if False in answers:
            return otherwise
        decides = (rule["verdict"], rule["name"])
        if None not in answers:
            return decides
        return otherwise if SEVERITY.index(otherwise[0]) > SEVERITY.index(decides[0]) else decides

    def match_field(self, field: str, value: Any, event: Event, account: str) -> Fits:
        """P2 and D7, field by field."""
        known = {
            "categories": (event.category, {"issue", "accountNotification", "scheduledChange", "investigation"}),
            "statuses": (event.status, {"open", "closed", "upcoming"}),
            "scopes": (event.scope, {"PUBLIC", "ACCOUNT_SPECIFIC", "NONE"}),
            "actionabilities": (event.actionability, {"ACTION_REQUIRED", "ACTION_MAY_BE_REQUIRED", "INFORMATIONAL"}),
        }
        if field in known:
            of_event, heard_of = known[field]
            return None if of_event not in heard_of else of_event in value
        if field == "personas":
            if any(persona in value for persona in event.personas):
                return True
            strange = set(event.personas) - {"OPERATIONS", "SECURITY", "BILLING"}
            return None if strange or not event.personas else False
        if field == "entities":
            entities = event.entities.get(account, ())
            return any(fnmatchcase(one, glob) for one in entities for glob in value) if entities else None
        return self.match_value(field, value, event)

    def match_value(self, field: str, value: Any, event: Event) -> Fits:
        if field == "services":
            return None if event.service is None else self.one(event.service) in [self.one(code) for code in value]
        if field == "regions":
            return None if event.region == "" else event.region in value
        if field == "type_codes":
            return None if event.type_code is None else any(fnmatchcase(event.type_code, glob) for glob in value)
        if field == "availability_zones":
            return any_zone(self.zones(event), value) if self.zones(event) else None
        if field == "drill":
            return bool(event.drill == value)
        return time_field(field, seconds(value), event, self.now)

    def target_field(self, field: str, value: Any, target: Asked) -> Fits:
        """P3, P4 and D7, field by field."""
        account, region, services, _ = target
        if field == "accounts":
            return account in value
        if field == "regions":
            return region in value
        if field == "services":
            return any(self.one(code) in services for code in value) if services else None
        if field == "pipelines":
            name = self.request.pipeline.name if self.request.pipeline else None
            return None if name is None else any(fnmatchcase(name, glob) for glob in value)
        return self.account_field(field, value, account)

    def account_field(self, field: str, value: Any, account: str) -> Fits:
        assert field in {"ous", "tags"}
        if account not in self.knowledge.accounts:
            return None
        place = self.knowledge.accounts[account]
        if field == "tags":
            tags = place.tags
            return None if tags is None else all(key in tags and tags[key] in values for key, values in value.items())
        return any(in_ou(entry, place.ou_path, place.ou_ids) for entry in value)


def over(event: Event, now: datetime) -> bool:
    """D4."""
    if event.status == "closed":
        return True
    if event.end is not None and event.end <= now:
        return True
    return event.vanished


def severer(one: str, other: str) -> str:
    return one if SEVERITY.index(one) >= SEVERITY.index(other) else other


def in_force(freeze: Data, now: datetime) -> tuple[datetime, datetime] | None:
    """P5: every occurrence from the first to now, one after the other; the last of those in force."""
    start = datetime.fromisoformat(freeze["from"])
    end = datetime.fromisoformat(freeze["to"]) if "to" in freeze else None
    if "rrule" not in freeze:
        assert end is not None
        return (start, end) if start <= now < end else None
    found = None
    for begin in begins(freeze["rrule"], start, ZoneInfo(freeze["timezone"]), now):
        over = begin + timedelta(seconds=seconds(freeze["duration"]))
        if begin <= now < over and (end is None or begin < end):
            found = max(found or (begin, over), (begin, over))
    return found


def first(overrides: list[Override]) -> str | None:
    """The id of the one made first; of two made at once the lower id."""
    ids = [(override.created_at, override.id) for override in overrides]
    return min(ids)[1] if ids else None


def begins(rrule: str, start: datetime, zone: ZoneInfo, now: datetime) -> list[datetime]:
    """RFC 5545 by the whole rule, from DTSTART on in local time; until a day after now."""
    local = start.astimezone(zone).replace(tzinfo=None)
    day_after = (now + timedelta(days=2)).replace(tzinfo=None)
    parts = dict(part.split("=") for part in rrule.split(";"))
    until = parts.pop("UNTIL", None)
    if "COUNT" not in parts:
        parts["UNTIL"] = f"{day_after:%Y%m%dT%H%M%S}"
    found: list[datetime] = []
    for one in rrulestr(";".join(f"{name}={value}" for name, value in parts.items()), dtstart=local):
        if one > day_after:
            break
        begin = start if one == local else one.replace(tzinfo=zone).astimezone(UTC)
        if begin >= start and (until is None or f"{begin:%Y%m%dT%H%M%SZ}" <= until):
            found.append(begin)
    return found


def any_zone(zones: list[str], others: Any) -> Fits:
    answers = [same_zone(zone, others) for zone in zones]
    return True if True in answers else None if None in answers else False


def same_zone(zone: str, others: Any) -> Fits:
    """True, False, or None where they cannot be compared."""
    answers: list[Fits] = []
    for other in others:
        if zone.lower() == other.lower():
            return True
        comparable = zone_kind(zone) == zone_kind(other) != "neither"
        answers.append(False if comparable else None)
    return None if None in answers else False


def zone_kind(zone: str) -> str:
    if re.search(r"^[a-z]+\d+-az\d+$", zone.lower()):
        return "id"
    return "name" if re.search(r"^[a-z]+-[a-z]+-\d+[a-z]$", zone.lower()) else "neither"


def time_field(field: str, length: int, event: Event, now: datetime) -> Fits:
    moment = event.last_updated if field == "updated_within" else event.start
    if moment is None:
        return None
    ahead = (moment - now).total_seconds()
    if field == "starts_within":
        return ahead < length
    if field == "open_for_at_least":
        return ahead <= -length
    assert field == "updated_within"
    return ahead > -length


def in_ou(entry: str, path: str, ids: tuple[str, ...]) -> bool:
    if entry.startswith(("ou-", "r-")):
        return entry in ids
    # every name ends in a slash, so that ** may stand for none of them
    pattern = ""
    for name in entry.split("/") if entry else []:
        pattern += "([^/]+/)*" if name == "**" else re.escape(name).replace(r"\*", "[^/]*") + "/"
    return re.fullmatch(pattern, f"{path}/" if path else "") is not None


def seconds(text: str) -> int:
    return int(text[:-1]) * LENGTH[text[-1]]
