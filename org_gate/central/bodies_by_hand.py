"""What people send to override, to drill and to declare an event: request bodies, and what each of them asks for.

Types are taken as they come, as in ``bodies``. Texts are one line of printable letters: they are shown to others.
Nothing here judges who may do it, or knows the policy.
"""

import re
import uuid
from datetime import timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from org_gate.central.asking import Asker
from org_gate.central.bodies import MAX_LISTED, MAX_NAME, AccountId, Name, Region, SentBody, printable
from org_gate.central.synthetic_desk import Wish
from org_gate.model.override import ALL, FREEZE_PREFIX, Override
from org_gate.model.synthetic import Kind
from org_gate.policy.fields import Duration, Glob, OuPattern, ServiceCode

MAX_EVENTS: Final = 100
MAX_REGIONS: Final = 50
LONGEST: Final = timedelta(hours=24)
"""Of a drill and of a declared event."""
_ARN: Final = re.compile(r"arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:[0-9]*:[!-~]+")
_HEX: Final = "[0-9a-f]{32}"


def _said(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "says nothing; write why in a few words, for those who read it later")
    return printable(text)


def _lifted(text: str) -> str:
    named = text.removeprefix(FREEZE_PREFIX)
    if text != ALL and not _ARN.fullmatch(text) and (named == text or not named.strip() or not text.isprintable()):
        raise PydanticCustomError("lifted", "is neither the ARN of an event, nor freeze:NAME, nor all")
    return text


def _a_day(duration: timedelta) -> timedelta:
    if duration > LONGEST:
        raise PydanticCustomError("for", "is longer than 24h; start another one then, if it is still needed")
    return duration


Words = Annotated[str, Field(min_length=1, max_length=MAX_NAME), AfterValidator(_said)]
Accounts = Annotated[list[AccountId], Field(max_length=MAX_LISTED)]
Ous = Annotated[list[OuPattern], Field(max_length=MAX_LISTED)]
Regions = Annotated[list[Region], Field(max_length=MAX_REGIONS)]
Services = Annotated[list[ServiceCode], Field(max_length=MAX_LISTED)]
ForADay = Annotated[
    Duration, AfterValidator(_a_day), WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]*(s|m|h|d)$"})
]
_ID_TOLD: Final = "Left out: made here. Give the same one to every cell."


class OverrideBody(SentBody):
    """What to lift, for whom, why and how long (D10)."""

    accounts: Accounts = Field(default=[], description="Of the targets.")
    pipelines: Annotated[list[Glob], Field(max_length=MAX_EVENTS)] = Field(
        default=[],
        description="Globs over the name of the pipeline that asks. Where accounts are named, both must fit.",
    )
    events: Annotated[
        list[Annotated[str, Field(max_length=MAX_NAME), AfterValidator(_lifted)]],
        Field(min_length=1, max_length=MAX_EVENTS, description="Event ARNs, freeze:NAME, or all."),
    ]
    reason: Words
    ticket: Name | None = Field(default=None, description="Where the policy asks for one.")
    duration: Duration = Field(alias="for", description="From now on, such as 30m; at most the policy's max_override.")
    id: Annotated[str, Field(pattern=f"^o-{_HEX}$")] | None = Field(default=None, description=_ID_TOLD)

    def override(self, asker: Asker) -> Override:
        """Of the verified caller, from now on."""
        return Override(
            id=self.id or f"o-{uuid.uuid4().hex}",
            accounts=_once(self.accounts),
            pipelines=_once(self.pipelines),
            events=_once(self.events),
            reason=self.reason,
            ticket=self.ticket,
            account=asker.account,
            who=asker.arn,
            created_at=asker.now,
            expires_at=asker.now + self.duration,
        )


class DrillBody(SentBody):
    """Where to pretend an incident, why and how long."""

    accounts: Accounts = Field(default=[], description="The affected ones.")
    ous: Ous = Field(default=[], description="OU paths or ids: their accounts are affected, as the tree is now.")
    public: bool = Field(default=False, description="Every account is affected; then name neither accounts nor OUs.")
    regions: Regions = Field(default=[], description="Empty: global, which counts everywhere.")
    services: Services = Field(default=[], description="Empty: MULTIPLE_SERVICES.")
    reason: Words
    duration: ForADay = Field(alias="for", description="It ends by itself then; at most 24h.")
    id: Annotated[str, Field(pattern=f"^drill-{_HEX}$")] | None = Field(default=None, description=_ID_TOLD)

    def wish(self) -> Wish:
        return _wish(self, "drill", public=self.public)


class DeclaredBody(SentBody):
    """The incident that AWS has not posted yet: what, where, why and how long."""

    services: Annotated[Services, Field(min_length=1)]
    regions: Annotated[Regions, Field(min_length=1)]
    accounts: Accounts = Field(default=[], description="The affected ones; with no OU named either: all.")
    ous: Ous = Field(default=[], description="OU paths or ids: their accounts are affected, as the tree is now.")
    reason: Words
    duration: ForADay = Field(alias="for", description="It ends by itself then; at most 24h.")
    id: Annotated[str, Field(pattern=f"^declared-{_HEX}$")] | None = Field(default=None, description=_ID_TOLD)

    def wish(self) -> Wish:
        return _wish(self, "declared", public=not (self.accounts or self.ous))


def _wish(body: DrillBody | DeclaredBody, kind: Kind, *, public: bool) -> Wish:
    return Wish(
        id=body.id or f"{kind}-{uuid.uuid4().hex}",
        kind=kind,
        public=public,
        accounts=_once(body.accounts),
        ous=_once(body.ous),
        regions=_once(body.regions),
        services=_once(body.services),
        reason=body.reason,
        duration=body.duration,
    )


def _once(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
