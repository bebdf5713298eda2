"""What callers of the decision API send: request bodies as models, and their way into ``org_gate.model.request``.

Types are taken as they come (nothing is coerced); fields that this version does not know are ignored, so that gates
and central may differ by a version (A2). Nothing here decides, or knows who calls beyond the account id it is given.
"""

import json
from typing import Annotated, Any, Final, NoReturn

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

from org_gate.model.request import (
    ACCOUNT_ID,
    MAX_TARGETS,
    REGION,
    Pipeline,
    Request,
    Target,
    parse_short_target,
)

MAX_BODY_BYTES: Final = 256 * 1024
MAX_LISTED: Final = 200
MAX_NAME: Final = 1000
MAX_VERSION: Final = 2**53
"""What every JSON reader takes for a whole number."""
MAX_COMPARED: Final = 500
_LEFT_OUT: Final = "0" * 12
_SHORT_FORM: Final = "ACCOUNT/REGION[/SERVICE+SERVICE[/ZONE+ZONE]]"


class Malformed(Exception):  # noqa: N818  named for what the body is
    """The body is not a JSON object. The message says what it is instead."""


def _account(text: str) -> str:
    if not ACCOUNT_ID.fullmatch(text):
        raise PydanticCustomError("account", "an account id is a string of 12 digits")
    return text


def _region(text: str) -> str:
    if not REGION.fullmatch(text):
        raise PydanticCustomError("region", "does not look like a Region; write one such as eu-west-1, or global")
    return text


def printable(text: str) -> str:
    if not text.isprintable():
        raise PydanticCustomError("name", "a name has no line breaks or other control characters")
    return text


def _expanded(value: object) -> object:
    """The long form of a target's short form; anything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        target = parse_short_target(value, _LEFT_OUT)
    except ValueError as error:
        raise PydanticCustomError("target", "{problem}", {"problem": str(error)[:MAX_NAME]}) from error
    named = {} if value.startswith("/") else {"account": target.account}
    return named | {
        "region": target.region,
        "services": list(target.services),
        "availability_zones": list(target.availability_zones),
    }


def _no_default(schema: dict[str, Any]) -> None:
    """An empty account stands for "left out" on our side only: nobody may send it."""
    del schema["default"]


AccountId = Annotated[str, AfterValidator(_account), WithJsonSchema({"type": "string", "pattern": "^[0-9]{12}$"})]
Region = Annotated[str, AfterValidator(_region), WithJsonSchema({"type": "string", "pattern": REGION.pattern})]
Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME), AfterValidator(printable)]
Names = Annotated[list[Name], Field(max_length=MAX_LISTED)]


class SentBody(BaseModel):
    """Types are taken as they come; fields that are not known are ignored (A2)."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class TargetBody(SentBody):
    """Where a deployment goes. Empty lists mean all."""

    account: AccountId = Field(default="", description="Left out: the caller's.", json_schema_extra=_no_default)
    region: Region
    services: Names = Field(default=[], description="Service codes of AWS Health, such as ECS.")
    availability_zones: Names = Field(default=[], description="Zone ids (use1-az4) or names (us-east-1a).")

    def target(self, caller: str) -> Target:
        return Target(self.account or caller, self.region, tuple(self.services), tuple(self.availability_zones))


class PipelineBody(SentBody):
    """The pipeline that asks; its account is the caller's."""

    name: Name | None = None
    region: Region | None = Field(default=None, description="Given: the pipeline's own ground is decided as well.")
    stage: Name | None = None
    action: Name | None = None
    execution_id: Name | None = None

    def pipeline(self) -> Pipeline:
        return Pipeline(**self.model_dump())


class GateBody(SentBody):
    """The gate that asks, for the record."""

    version: Name | None = None
    on_block: Name | None = None


class DecisionBody(SentBody):
    """The question whether it is safe to deploy there now."""

    targets: Annotated[
        list[Annotated[TargetBody, BeforeValidator(_expanded, json_schema_input_type=TargetBody | str)]],
        Field(min_length=1, max_length=MAX_TARGETS, description=f"Objects, or strings {_SHORT_FORM}."),
    ]
    source: Name | None = Field(default=None, description="What asks, such as codepipeline.")
    pipeline: PipelineBody | None = None
    gate: GateBody | None = None

    def request(self, caller: str) -> Request:
        """The question as ``decide`` takes it; ``caller`` is the verified account."""
        return Request(
            caller=caller,
            targets=tuple(target.target(caller) for target in self.targets),
            pipeline=None if self.pipeline is None else self.pipeline.pipeline(),
            source=self.source,
        )


class ComparisonBody(SentBody):
    """A policy to try on decisions that were taken."""

    policy: dict[str, Any] = Field(description="The whole policy as JSON.")
    last: Annotated[int, Field(ge=1, le=MAX_COMPARED)] = Field(
        default=MAX_COMPARED, description="How many of the newest decisions to look at."
    )


class PolicyBody(SentBody):
    """A policy to publish."""

    policy: dict[str, Any] = Field(description="The whole policy as JSON.")
    note: Annotated[str, Field(max_length=MAX_NAME)] = Field(default="", description="Why, for those who read later.")
    expected_version: Annotated[int, Field(ge=0, le=MAX_VERSION)] | None = Field(
        default=None, description="Publish only if this version is the present one (0: none yet); else 409."
    )


def asking_pipeline(text: str | None) -> Pipeline | None:
    """The pipeline that a body names, whatever else is wrong with the body; None where it names none."""
    try:
        body = json_object(text or "")
        return PipelineBody.model_validate(body.get("pipeline")).pipeline()
    except (Malformed, ValidationError):
        return None


def json_object(text: str) -> dict[str, Any]:
    """The object that the text is. Raises Malformed."""
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        message = f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        raise Malformed(message) from error
    except RecursionError as error:
        raise Malformed("The body is nested too deeply.") from error
    except ValueError as error:
        raise Malformed("The body has a number that is out of range or not a number.") from error
    if not isinstance(value, dict):
        message = f"The body is a JSON {_KIND.get(type(value), 'number')}; it has to be an object."
        raise Malformed(message)
    return value


_KIND: Final = {list: "array", str: "string", bool: "boolean", type(None): "null"}


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
