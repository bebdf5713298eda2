"""The questions of ``rollout init``: what each means, what is usual, and how an answer is checked.

What can be known from credentials is offered as the answer. Where there are none, or they may not see it, that is said
once, and nothing is filled in.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

import click
from pydantic import AfterValidator, TypeAdapter, ValidationError

from org_gate.cli.surroundings import Surroundings
from org_gate.cli.text import harmless
from org_gate.inventory.errors import AwsRefusedError, asking_aws
from org_gate.inventory.settings_fields import OuPath, Region
from org_gate.model.request import ACCOUNT_ID
from org_gate.policy.mistakes import mistakes, refusal


def _account(value: str) -> str:
    """As in the settings, but for the quotes, which a shell takes away and a prompt does not need."""
    if not ACCOUNT_ID.fullmatch(value):
        raise refusal("12 digits, for example 111122223333")
    return value


_ACCOUNT: Final[TypeAdapter[Any]] = TypeAdapter(Annotated[str, AfterValidator(_account)])
_REGION: Final[TypeAdapter[Any]] = TypeAdapter(Region)
_OU: Final[TypeAdapter[Any]] = TypeAdapter(OuPath)
_NONE: Final = "none"
_ENABLED: Final = ("ENABLED", "ENABLED_BY_DEFAULT")
_SERVICES_REGION: Final = "us-east-1"
"""Where AWS Account Management and AWS Organizations are asked."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the credentials tell. ``told`` says in words what that was."""

    told: str
    account: str | None = None
    region: str | None = None
    regions: tuple[str, ...] = ()
    ous: tuple[str, ...] = ()


def _nothing(_facts: Facts, _given: Mapping[str, Any]) -> str | None:
    return _NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """``name`` is the answer's, ``label`` stands before it, ``kind`` checks one value, Enter takes ``offered``."""

    name: str
    label: str
    option: str
    metavar: str
    help: str
    means: str
    kind: TypeAdapter[Any] = field(repr=False)
    many: bool = False
    is_required: bool = False
    offered: Callable[[Facts, Mapping[str, Any]], str | None] = _nothing
    there: Callable[[Facts], Sequence[str]] = lambda _: ()


QUESTIONS: Final = (
    Question(
        name="account",
        label="Central account",
        option="--central-account",
        metavar="ID",
        help="The central account.",
        means="The central account reads AWS Health for the whole organization and answers the gates. Usual: an "
        "account for shared tooling; never the management account.",
        kind=_ACCOUNT,
        is_required=True,
        offered=lambda facts, _: facts.account,
    ),
    Question(
        name="region",
        label="Home Region",
        option="--region",
        metavar="REGION",
        help="The home Region.",
        means="The home Region is where gates ask first. Usual: the Region of your platform's other tools; not "
        "us-east-1, where most large incidents are.",
        kind=_REGION,
        is_required=True,
        offered=lambda facts, _: facts.region,
        there=lambda facts: facts.regions,
    ),
    Question(
        name="standby",
        label="Standby Regions",
        option="--standby",
        metavar="REGION",
        help="A standby Region.",
        means="A standby answers where the home Region does not: the same once more, independent. Usual: one Region, "
        "far from home; with commas between several.",
        kind=_REGION,
        many=True,
        there=lambda facts: facts.regions,
    ),
    Question(
        name="gate_regions",
        label="Regions in which pipelines run",
        option="--gate-region",
        metavar="REGION",
        help="A Region in which pipelines run.",
        means="Gates are needed in every Region in which pipelines run (where they deploy to does not matter). Usual: "
        "one to four; with commas between several.",
        kind=_REGION,
        many=True,
        is_required=True,
        offered=lambda _, given: given.get("region"),
        there=lambda facts: facts.regions,
    ),
    Question(
        name="ous",
        label="OUs whose accounts get a gate",
        option="--ou",
        metavar="PATH",
        help="An OU whose accounts get a gate; without any, the whole organization.",
        means="Every account below these OUs gets a gate, accounts that join later too. A gate does nothing until a "
        "pipeline calls it. Write Name/Name from below the root, with commas between several. Usual: all.",
        kind=_OU,
        many=True,
        offered=lambda _facts, _given: "all",
        there=lambda facts: facts.ous,
    ),
    Question(
        name="without_ous",
        label="OUs that are left out",
        option="--without-ou",
        metavar="PATH",
        help="An OU that is left out.",
        means="OUs below those that are to get no gate. Usual: none.",
        kind=_OU,
        many=True,
    ),
    Question(
        name="without_accounts",
        label="Accounts that are left out",
        option="--without-account",
        metavar="ID",
        help="An account that is left out.",
        means="Single accounts that are to get no gate. Usual: none.",
        kind=_ACCOUNT,
        many=True,
    ),
    Question(
        name="first",
        label="OUs that get new versions first",
        option="--first",
        metavar="PATH",
        help="An OU that gets new versions first.",
        means="These OUs get a new version before all others, and the others only once the gates in these answer. "
        "Usual: a sandbox or development OU.",
        kind=_OU,
        many=True,
        there=lambda facts: facts.ous,
    ),
)


def problem_in(question: Question, value: str) -> str | None:
    """What is wrong with one value, and what would be right; None where it is valid."""
    try:
        question.kind.validate_python(value)
    except ValidationError as error:
        (first, *_) = mistakes(error)
        return f"found {first.found}; expected {first.expected}"
    return None


def ask(question: Question, facts: Facts, given: Mapping[str, Any]) -> Any:
    """On the terminal, again until the answer is valid: a text, or a list where there may be several."""
    click.echo(f"\n{question.means}", err=True)
    if there := question.there(facts):
        click.echo(f"There are: {harmless(', '.join(there))}", err=True)
    return click.prompt(
        question.label,
        default=question.offered(facts, given),
        value_proc=lambda text: _answer(question, text),
        err=True,
    )


def _answer(question: Question, text: str) -> Any:
    """Raises click.UsageError, upon which click asks again."""
    if question.many and text in {"all", _NONE, ""}:
        return []
    values = [part.strip() for part in text.split(",")] if question.many else [text.strip()]
    for value in values:
        if problem := problem_in(question, value):
            raise click.UsageError(problem)
    return values if question.many else values[0]


def facts_of(surroundings: Surroundings) -> Facts:
    """What credentials tell; without any, that there are none."""
    session = surroundings.aws()
    try:
        with asking_aws("find out whose credentials these are"):
            client = session.client("sts", region_name=session.region_name or _SERVICES_REGION)
            account = client.get_caller_identity()["Account"]
    except AwsRefusedError as error:
        return Facts(f"No AWS credentials that work ({error.code}), so nothing is filled in for you.")
    refused: list[str] = []
    regions = _seen(refused, "its Regions", lambda: _regions(session))
    ous = _seen(refused, "the OUs", lambda: _ous(session))
    unseen = f" AWS did not show {' and '.join(refused)}." if refused else ""
    told = f"With credentials of account {account}: what is known is filled in.{unseen}"
    return Facts(told, account, session.region_name, regions, ous)


def _seen(refused: list[str], what: str, look: Callable[[], Iterator[str]]) -> tuple[str, ...]:
    try:
        with asking_aws(f"read {what}"):
            return tuple(sorted(look()))
    except AwsRefusedError as error:
        refused.append(f"{what} ({error.code})")
        return ()


def _regions(session: Any) -> Iterator[str]:
    pages = session.client("account", region_name=_SERVICES_REGION).get_paginator("list_regions").paginate()
    yield from (each["RegionName"] for page in pages for each in page["Regions"] if each["RegionOptStatus"] in _ENABLED)


def _ous(session: Any) -> Iterator[str]:
    """Those directly below the root: more would be a long list."""
    client = session.client("organizations", region_name=_SERVICES_REGION)
    root = client.list_roots()["Roots"][0]["Id"]
    pages = client.get_paginator("list_organizational_units_for_parent").paginate(ParentId=root)
    yield from (each["Name"] for page in pages for each in page["OrganizationalUnits"])
