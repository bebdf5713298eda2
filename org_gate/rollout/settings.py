"""What a platform team writes down once: where org-gate runs, where its gates go, and in which order.

``config/org-gate.yaml`` as frozen data, its JSON Schema, and the reader that tells each mistake with its place. OUs are
paths (names below the root joined by ``/``, the empty path is the root) or ids. Asks AWS nothing: whether an OU exists
is found out by whoever reads the organization.

The texts below the fields go into the JSON Schema: editors show them to whoever writes the file.
"""

import re
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from org_gate.policy.fields import AccountId, AtLeastOne, Flag, Name, RegionName, TagKey, TagValue
from org_gate.policy.load import SchemaAsWritten
from org_gate.policy.mistakes import Strict, refusal

LOG_RETENTION: Final = (1, 7, 14, 30, 60, 90, 180, 365, 731)
"""Days that the templates take."""
_OU: Final = r"^(r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|[^/*?\[]{1,128}(/[^/*?\[]{1,128})*)?$"
_STACK_NAME: Final = "^[A-Za-z][A-Za-z0-9-]{0,127}$"
_POLICY_NAME: Final = r"^[\w+=,.@/-]{1,512}$"
_ARN: Final = r"^arn:[a-z-]+:{service}:[a-z0-9-]+:[0-9]{{12}}:{resource}$"


def _shape(pattern: str, expected: str) -> tuple[AfterValidator, Any]:
    """A validator for texts that match, and what the JSON Schema says of it."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise refusal(expected)
        return value

    return AfterValidator(check), Field(json_schema_extra={"pattern": pattern})


OuPath = Annotated[
    str, *_shape(_OU, "an OU: names below the root joined by /, or its id ou-…; without wildcards, and not ending in /")
]
StackName = Annotated[str, *_shape(_STACK_NAME, "a stack's name: letters, digits and -, beginning with a letter")]
PolicyName = Annotated[str, *_shape(_POLICY_NAME, "the name of an IAM policy that exists in every account")]
TopicArn = Annotated[str, *_shape(_ARN.format(service="sns", resource="[A-Za-z0-9_-]+"), "the ARN of an SNS topic")]
KeyArn = Annotated[str, *_shape(_ARN.format(service="kms", resource="key/[A-Za-z0-9-]+"), "the ARN of a KMS key")]


def _retained(days: int) -> int:
    if days not in LOG_RETENTION:
        raise refusal(f"a number of days out of {', '.join(map(str, LOG_RETENTION))}")
    return days


Retention = Annotated[int, AfterValidator(_retained), Field(json_schema_extra={"enum": [*LOG_RETENTION]})]


class _Part(Strict):
    """Fields are described where they stand."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class Central(_Part):
    """The delegated-administrator account, and what runs in it."""

    account: AccountId
    """The delegated administrator of the organization for AWS Health and for StackSets."""
    region: RegionName
    """The home Region: gates ask here first. Not us-east-1 if you can choose: most large incidents are there."""
    standby: tuple[RegionName, ...] = ()
    """Regions with a cell of their own, asked in this order where the home Region does not answer."""
    alarm_topic: TopicArn | None = None
    """The SNS topic, in the home Region, that hears the alarms of the home cell; left out: the console shows them."""
    kms_key: KeyArn | None = None
    """A key of your own for the home cell's table, queues, topics and logs; left out: AWS's keys."""
    api_reserved_concurrency: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Lambda concurrency kept free for the decision API; left out: it shares the account's."""
    tracing: Flag = False
    """Whether the central functions send traces to X-Ray."""

    @property
    def regions(self) -> tuple[str, ...]:
        """Home first."""
        return (self.region, *self.standby)

    @model_validator(mode="after")
    def _each_region_once(self) -> Self:
        if len(set(self.regions)) < len(self.regions):
            raise refusal("each Region once: the standby is another Region than home")
        return self


class Without(_Part):
    """What is left out although an OU above it is in."""

    ous: Annotated[tuple[OuPath, ...], AtLeastOne()] = ()
    """Everything below them is left out."""
    accounts: Annotated[tuple[AccountId, ...], AtLeastOne()] = ()


class Gates(_Part):
    """Where gates are installed."""

    regions: Annotated[tuple[RegionName, ...], AtLeastOne()]
    """Every Region in which pipelines run."""
    ous: Annotated[tuple[OuPath, ...], AtLeastOne()] = ("",)
    """Everything below them gets a gate, accounts that join later too. Left out: the whole organization."""
    without: Without = Without()


class Wave(_Part):
    """Accounts that get a new version before those of later waves."""

    name: Name
    ous: Annotated[tuple[OuPath, ...], AtLeastOne()] = ()
    accounts: Annotated[tuple[AccountId, ...], AtLeastOne()] = ()

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.ous and not self.accounts:
            raise refusal("`ous` or `accounts`: a wave names who is in it")
        return self


class Names(_Part):
    """What the stacks are called, where your names follow a rule."""

    central_stack: StackName = "org-gate-central"
    stack_set: StackName = "org-gate-member"


class Settings(_Part):
    """How org-gate is rolled out over an organization."""

    version: Literal[1] = 1
    """Of this format."""
    central: Central
    gates: Gates
    waves: tuple[Wave, ...] = ()
    """One after the other, each only once the gates of the one before answer. What no wave names comes last."""
    policy: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    """The policy to begin with, a file beside this one; left out: the one that ships. Published once, where there is
    none: from then on `org-gate policy publish` changes it."""
    log_retention_days: Retention = 90
    """How long logs are kept, of the central functions and of the gates."""
    permissions_boundary: PolicyName | None = None
    """The IAM policy that bounds every role of org-gate. It has this name (with its path) in every account."""
    tags: dict[TagKey, TagValue] = Field(default={}, max_length=50)
    """On every stack, and so on all that is in them."""
    names: Names = Names()

    @model_validator(mode="after")
    def _waves_have_names_of_their_own(self) -> Self:
        names = [wave.name for wave in self.waves]
        if len(set(names)) < len(names):
            raise refusal("waves with different names")
        return self


def load_settings(text: str | bytes, name: str) -> Settings:
    """The settings in a YAML text; ``name`` is what problems call the file. Raises ``document.DocumentError``."""
    from org_gate.policy.document import load_document  # noqa: PLC0415  PyYAML is fetched where it is needed

    return load_document(text, name, Settings.model_validate)


def settings_schema() -> dict[str, Any]:
    """The JSON Schema of the settings, for editors."""
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": dialect, **Settings.model_json_schema(schema_generator=SchemaAsWritten)}
