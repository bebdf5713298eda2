"""What an export holds, read back: one JSON object in each line, an event or a decision (``kind`` says which).

A decision is the record that the table keeps of it; an event is its facts as they were from ``last_updated`` on. What
a line has besides is left alone, so that exports of other versions can be read. Everything in it is untrusted: a wrong
line is told with its place, what was found and what was expected.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal, NoReturn

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from org_gate.model.decision import Verdict
from org_gate.model.event import Account, Event, Knowledge
from org_gate.model.override import Override, override_of
from org_gate.model.request import ACCOUNT_ID, Pipeline, Request, Target
from org_gate.model.times import parse_time
from org_gate.policy.document import DocumentError, Problem
from org_gate.policy.mistakes import field_name, mistakes, refusal

MAX_PROBLEMS: Final = 20
_ROOT: Final = "line"
_OBJECT: Final = "a JSON object in one line, as `org-gate export` writes it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A decision that was taken: what was asked, what was known of it, and how it came out."""

    decision_id: str
    at: datetime
    request: Request
    knowledge: Knowledge
    verdict: Verdict
    would_be: Verdict


def _moment(value: object) -> datetime:
    try:
        return parse_time(value if isinstance(value, str) else "")
    except ValueError:
        raise refusal("a time with an offset, for example 2026-03-02T12:00:00Z") from None


def _account_id(value: str) -> str:
    if not ACCOUNT_ID.fullmatch(value):
        raise refusal("an account id of 12 digits")
    return value


def _override(value: Any) -> Override:
    try:
        return override_of(value)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise refusal("an override as the decision API shows it") from None


_Moment = Annotated[datetime, BeforeValidator(_moment)]
_Text = Annotated[str, Field(strict=True, min_length=1)]
_AccountId = Annotated[str, Field(strict=True), AfterValidator(_account_id)]
_Texts = tuple[Annotated[str, Field(strict=True)], ...]


class _Part(BaseModel):
    """Fields are those of the model's class of the same name."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class _Event(_Part):
    arn: _Text
    region: str
    service: str | None = None
    type_code: str | None = None
    category: str | None = None
    status: str | None = None
    scope: str | None = None
    start: _Moment | None = None
    end: _Moment | None = None
    last_updated: _Moment | None = None
    availability_zone: str | None = None
    actionability: str | None = None
    personas: _Texts = ()
    drill: bool = False
    declared: bool = False
    vanished: bool = False
    lists_accounts: bool = False
    accounts: frozenset[_AccountId] = frozenset()
    text_zones: _Texts = ()
    entities: dict[_AccountId, _Texts] = Field(default_factory=dict)

    @property
    def event(self) -> Event:
        return Event(**{name: getattr(self, name) for name in _Event.model_fields})


class _Account(_Part):
    id: _AccountId
    ou_path: str
    ou_ids: _Texts = ()
    tags: dict[str, str] | None = None

    @property
    def account(self) -> Account:
        return Account(self.id, self.ou_path, self.ou_ids, self.tags)


class _Target(_Part):
    account: _AccountId
    region: _Text
    services: _Texts = ()
    availability_zones: _Texts = ()


class _Pipeline(_Part):
    name: str | None = None
    region: str | None = None
    stage: str | None = None
    action: str | None = None
    execution_id: str | None = None


class _Request(_Part):
    targets: Annotated[tuple[_Target, ...], Field(min_length=1)]
    pipeline: _Pipeline | None = None
    source: str | None = None


class _Mark(_Part):
    as_of: _Moment | None


class _Answer(_Part):
    verdict: Verdict
    would_be: Verdict
    knowledge: _Mark


class _Decision(_Part):
    decision_id: _Text
    caller: _AccountId
    at: _Moment
    request: _Request
    accounts: tuple[_Account, ...]
    events: tuple[_Event, ...]
    overrides: tuple[Annotated[Override, BeforeValidator(_override)], ...] = ()
    decision: _Answer

    @property
    def recorded(self) -> Recorded:
        accounts = {one.id: one.account for one in self.accounts}
        events = tuple(one.event for one in self.events)
        return Recorded(
            decision_id=self.decision_id,
            at=self.at,
            request=_request(self.caller, self.request),
            knowledge=Knowledge(self.decision.knowledge.as_of, events, accounts, self.overrides),
            verdict=self.decision.verdict,
            would_be=self.decision.would_be,
        )


class _EventLine(_Event):
    kind: Literal["event"]
    last_updated: _Moment


class _DecisionLine(_Decision):
    kind: Literal["decision"]


_LINE: Final[TypeAdapter[_EventLine | _DecisionLine]] = TypeAdapter(
    Annotated[_EventLine | _DecisionLine, Field(discriminator="kind")]
)


def recorded_of(record: object) -> Recorded:
    """A record as the table keeps it. Raises ``pydantic.ValidationError`` where it has another form."""
    return _Decision.model_validate(record).recorded


def read_export(lines: Iterable[bytes], name: str) -> tuple[list[Event], list[Recorded]]:
    """What the lines hold, in their order; empty ones are left out. ``name`` is what problems call the file.

    Raises DocumentError with what is wrong, the first MAX_PROBLEMS of it.
    """
    events: list[Event] = []
    decisions: list[Recorded] = []
    problems: list[Problem] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            read = _LINE.validate_python(_parsed(line, name, number))
        except DocumentError as error:
            problems += error.problems
        except ValidationError as error:
            problems += _problems(error, name, number)
        else:
            if isinstance(read, _EventLine):
                events.append(read.event)
            else:
                decisions.append(read.recorded)
        if len(problems) >= MAX_PROBLEMS:
            break
    if problems:
        raise DocumentError(problems[:MAX_PROBLEMS])
    return events, decisions


def _parsed(line: bytes, name: str, number: int) -> Any:
    """Raises DocumentError."""
    try:
        return json.loads(line.decode("utf-8"), parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        found, column = f"no JSON ({error.msg})", error.colno
    except UnicodeDecodeError as error:
        found, column = "bytes that are not UTF-8", error.start + 1
    except (RecursionError, ValueError) as error:
        found, column = f"JSON that cannot be read ({error})", 1
    raise DocumentError([Problem(file=name, line=number, column=column, field=_ROOT, found=found, expected=_OBJECT)])


def _no_constant(constant: str) -> NoReturn:
    msg = f"{constant} is no JSON"
    raise ValueError(msg)


def _problems(error: ValidationError, name: str, number: int) -> Iterator[Problem]:
    details = error.errors(include_url=False)[0]
    if details["type"] in {"union_tag_not_found", "union_tag_invalid", "model_attributes_type"}:
        found = "another kind of line" if details["type"] == "union_tag_invalid" else "a line without a kind"
        expected = f"kind 'event' or 'decision' in {_OBJECT}"
        yield Problem(file=name, line=number, column=1, field="kind", found=found, expected=expected)
        return
    for mistake in mistakes(error):
        yield Problem(
            file=name,
            line=number,
            column=1,
            field=field_name(mistake.path[1:]),
            found=mistake.found,
            expected=mistake.expected,
        )


def _request(caller: str, asked: _Request) -> Request:
    targets = tuple(Target(one.account, one.region, one.services, one.availability_zones) for one in asked.targets)
    pipeline = None if asked.pipeline is None else Pipeline(**asked.pipeline.model_dump())
    return Request(caller, targets, pipeline, asked.source)
