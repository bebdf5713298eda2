"""The kinds of values that the rollout's settings are made of: Regions of AWS's own partition, OU paths, names, ARNs.

pydantic types that refuse with words for people, and that write themselves into a JSON Schema. Null never stands for
"left out", as in the policy. No model lives here, and nothing is asked of AWS.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from org_gate.model.event import GLOBAL
from org_gate.model.request import REGION
from org_gate.policy.fields import AccountId, Name, TagKey
from org_gate.policy.mistakes import refusal

LOG_RETENTION: Final = (1, 7, 14, 30, 60, 90, 180, 365, 731)
"""Days that the templates take."""
REST: Final = "everyone else"
"""The wave of those that no wave names."""

_PARTITIONS: Final = (
    ("cn-", "aws-cn (China)"),
    ("us-gov-", "aws-us-gov (GovCloud)"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("us-isof-", "aws-iso-f"),
    ("eu-isoe-", "aws-iso-e"),
    ("eusc-", "aws-eusc (European Sovereign Cloud)"),
)
_HERE: Final = "^(?!cn-|us-gov-|us-iso|eu-isoe-|eusc-)[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$"
_OU: Final = r"^(r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|[^/*?\[]{1,128}(/[^/*?\[]{1,128})*)?$"
_SCHEDULE: Final = r"^(rate\([1-9][0-9]* (minutes?|hours?|days?)\)|cron\(\S+( \S+){5}\))$"
_STACK_NAME: Final = "^[A-Za-z][A-Za-z0-9-]{0,127}$"
_POLICY_NAME: Final = r"^[\w+=,.@/-]{1,512}$"
_ARN: Final = r"^arn:aws:{service}:[a-z0-9-]+:[0-9]{{12}}:{resource}$"

_Texts = TypeVar("_Texts", bound=tuple[str, ...])


class NoNull:
    """Marks a value that is None where it was left out: null cannot be written, and is not in the JSON Schema."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        described = handler(schema)
        (kind,) = [each for each in described.pop("anyOf") if each != {"type": "null"}]
        return {**described, **kind}

    @staticmethod
    def _check(value: Any) -> Any:
        if value is None:
            raise refusal("a value; leave the field out to mean none")
        return value


def region_of(arn: str) -> str:
    """The Region that an ARN names."""
    return arn.split(":")[3]


def twice(values: Iterable[str]) -> str | None:
    """What is there more than once, as a message quotes it; None where each is there once."""
    found = [value for value, times in Counter(values).items() if times > 1]
    return ", ".join(f"{value!r} twice" for value in found) or None


def _shape(pattern: str, expected: str) -> tuple[AfterValidator, Any]:
    """A validator for texts that match, and what the JSON Schema says of it."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise refusal(expected)
        return value

    return AfterValidator(check), Field(json_schema_extra={"pattern": pattern})


def _list_of(what: str, hint: str) -> tuple[AfterValidator, Any]:
    """A validator for lists that have entries, each once, and what the JSON Schema says of it."""

    def check(values: _Texts) -> _Texts:
        if not values:
            raise refusal(f"at least one {what}; {hint}")
        if again := twice(values):
            raise refusal(f"each {what} once", found=again)
        return values

    return AfterValidator(check), Field(json_schema_extra={"minItems": 1, "uniqueItems": True})


def _region(value: str) -> str:
    if value == GLOBAL or not REGION.fullmatch(value):
        raise refusal("a Region such as eu-west-1, where something can be installed")
    for prefix, partition in _PARTITIONS:
        if value.startswith(prefix):
            raise refusal(f"a Region of the partition aws; {partition} is not supported: AWS Health differs there")
    return value


def _topic_or_key(service: str, resource: str, what: str) -> Callable[[str], str]:
    expected = f"the ARN of {what}, in the partition aws"

    def check(value: str) -> str:
        if not re.fullmatch(_ARN.format(service=service, resource=resource), value):
            raise refusal(expected)
        return value

    return check


def _retained(days: int) -> int:
    if days not in LOG_RETENTION:
        raise refusal(f"a number of days out of {', '.join(map(str, LOG_RETENTION))}")
    return days


def _tag_key(value: str) -> str:
    if value.lower().startswith("aws:"):
        raise refusal("a tag's key that does not begin with aws:, which AWS keeps for itself")
    return value


def _wave_name(value: str) -> str:
    if value.casefold() == REST:
        raise refusal("another name: so is called the wave of those that no wave names, which comes last by itself")
    return value


Region = Annotated[str, AfterValidator(_region), Field(json_schema_extra={"pattern": _HERE})]
"""One of the partition ``aws``, by its name; whether there is such a Region is AWS's to say."""
GateRegions = Annotated[tuple[Region, ...], *_list_of("Region", "gates are where pipelines run")]
OuPath = Annotated[
    str, *_shape(_OU, "an OU: names below the root joined by /, or its id ou-…; without wildcards, and not ending in /")
]
OusIn = Annotated[tuple[OuPath, ...], *_list_of("OU", "leave the field out for the whole organization")]
Ous = Annotated[tuple[OuPath, ...], *_list_of("OU", "leave the field out for none")]
Accounts = Annotated[tuple[AccountId, ...], *_list_of("account", "leave the field out for none")]
Schedule = Annotated[str, *_shape(_SCHEDULE, "a schedule of EventBridge, as in cron(0 6 ? * MON-FRI *) or rate(1 day)")]
StackName = Annotated[str, *_shape(_STACK_NAME, "a stack's name: letters, digits and -, beginning with a letter")]
PolicyName = Annotated[str, *_shape(_POLICY_NAME, "the name of an IAM policy that exists in every account")]
TopicArn = Annotated[
    str,
    AfterValidator(_topic_or_key("sns", "[A-Za-z0-9_-]+", "an SNS topic")),
    Field(json_schema_extra={"pattern": _ARN.format(service="sns", resource="[A-Za-z0-9_-]+")}),
]
KeyArn = Annotated[
    str,
    AfterValidator(_topic_or_key("kms", "key/[A-Za-z0-9-]+", "a KMS key (not of an alias)")),
    Field(json_schema_extra={"pattern": _ARN.format(service="kms", resource="key/[A-Za-z0-9-]+")}),
]
Retention = Annotated[int, Field(strict=True, json_schema_extra={"enum": [*LOG_RETENTION]}), AfterValidator(_retained)]
Concurrency = Annotated[int, Field(strict=True, ge=1, le=10_000)]
OwnTagKey = Annotated[TagKey, AfterValidator(_tag_key)]
"""Of a tag of yours, not of AWS's."""
WaveName = Annotated[Name, AfterValidator(_wave_name)]
