"""What a platform team writes down once: where org-gate runs, where its gates go, and in which order.

``config/org-gate.yaml`` as frozen data, its JSON Schema, and the reader that tells each mistake with its place. OUs are
paths (names below the root joined by ``/``, the empty path is the root) or ids. Asks AWS nothing: whether an OU exists
is found out by whoever reads the organization.

The texts below the fields go into the JSON Schema: editors show them to whoever writes the file.
"""

from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator

from org_gate.inventory.settings_fields import (
    Accounts,
    Concurrency,
    GateRegions,
    KeyArn,
    NoNull,
    OuPath,
    Ous,
    OusIn,
    OwnTagKey,
    PolicyName,
    Region,
    Retention,
    Schedule,
    StackName,
    TopicArn,
    WaveName,
    region_of,
    twice,
)
from org_gate.policy.fields import AccountId, Duration, Flag, TagValue
from org_gate.policy.load import SchemaAsWritten
from org_gate.policy.mistakes import Strict, refusal


class _Part(Strict):
    """Fields are described where they stand."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class Central(_Part):
    """The delegated-administrator account, and what runs in it."""

    account: AccountId
    """The delegated administrator of the organization for AWS Health and for StackSets."""
    region: Region
    """The home Region: gates ask here first. Not us-east-1 if you can choose: most large incidents are there."""
    standby: Annotated[tuple[Region, ...], Field(json_schema_extra={"uniqueItems": True})] = ()
    """Regions with a cell of their own, asked in this order where the home Region does not answer."""
    alarm_topic: Annotated[TopicArn | None, NoNull()] = None
    """The SNS topic, in the home Region, that hears the alarms of the home cell; left out: the console shows them."""
    standby_alarm_topics: Annotated[tuple[TopicArn, ...], Field(json_schema_extra={"uniqueItems": True})] = ()
    """SNS topics that hear the alarms of the standbys, each in its own Region: an alarm reaches none in another."""
    kms_key: Annotated[KeyArn | None, NoNull()] = None
    """A key of your own, in the home Region, for the home cell's table, queues, topics and logs; left out: AWS's."""
    api_reserved_concurrency: Annotated[Concurrency | None, NoNull()] = None
    """Lambda concurrency kept free for the decision API; left out: it shares the account's."""
    tracing: Flag = False
    """Whether the central functions send traces to X-Ray."""

    @property
    def regions(self) -> tuple[str, ...]:
        """Home first."""
        return (self.region, *self.standby)

    def alarm_topic_in(self, region: str) -> str | None:
        """The topic that hears the alarms of the cell in a Region; None where nobody does."""
        topics = {region_of(topic): topic for topic in self.standby_alarm_topics}
        return self.alarm_topic if region == self.region else topics.get(region)

    @field_validator("standby")
    @classmethod
    def _each_region_once(cls, standby: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        home = info.data.get("region")
        if home in standby:
            raise refusal("another Region than the home Region", found=f"the home Region {home!r}")
        if again := twice(standby):
            raise refusal("each Region once", found=again)
        return standby

    @field_validator("alarm_topic", "kms_key")
    @classmethod
    def _in_the_home_region(cls, arn: str | None, info: ValidationInfo) -> str | None:
        home = info.data.get("region")
        if arn is not None and home is not None and region_of(arn) != home:
            raise refusal(f"one in the home Region {home}")
        return arn

    @field_validator("standby_alarm_topics")
    @classmethod
    def _one_in_each_standby(cls, topics: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        standby = info.data.get("standby")
        if standby is None:
            return topics
        if elsewhere := [topic for topic in topics if region_of(topic) not in standby]:
            raise refusal("topics in the Regions of `central.standby`", found=", ".join(map(repr, elsewhere)))
        if again := twice(map(region_of, topics)):
            raise refusal("one topic for each Region", found=again)
        return topics


class Without(_Part):
    """What is left out although an OU above it is in."""

    ous: Ous = ()
    """Everything below them is left out."""
    accounts: Accounts = ()
    """These alone are left out."""


class Gates(_Part):
    """Where gates are installed."""

    regions: GateRegions
    """Every Region in which pipelines run."""
    ous: OusIn = ("",)
    """Everything below them gets a gate, accounts that join later too. Left out: the whole organization."""
    without: Without = Field(default_factory=Without)
    """What is left out although it is below one of these OUs."""

    @field_validator("without")
    @classmethod
    def _in_or_out(cls, without: Without, info: ValidationInfo) -> Without:
        both = ", ".join(repr(ou) for ou in without.ous if ou in info.data.get("ous", ()))
        if both:
            raise refusal("other OUs than those in `gates.ous`: an OU is in or out", found=both)
        return without


class Wave(_Part):
    """Accounts that get a new version before those of later waves."""

    name: WaveName
    """What progress and plans call it."""
    ous: Ous = ()
    """Everything below them that is in no wave before."""
    accounts: Accounts = ()
    """Besides those in its OUs."""

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.ous and not self.accounts:
            raise refusal("`ous` or `accounts`: a wave names who is in it")
        return self


class Reports(_Part):
    """The organization health report that the home cell makes by itself, into a bucket of its own."""

    enabled: Flag = True
    """Whether it does."""
    schedule: Schedule = "cron(0 6 ? * MON-FRI *)"
    """When, in UTC, as EventBridge writes it."""
    since: Duration = timedelta(days=7)
    """How far back from then it looks."""
    ou: OuPath = ""
    """The OU that it is about, with all below it. Left out: the whole organization."""


class Names(_Part):
    """What the stacks are called, where your names follow a rule."""

    central_stack: StackName = "org-gate-central"
    """The stack of the central part, in the home Region and in each standby."""
    stack_set: StackName = "org-gate-member"
    """The StackSet of the gates."""


class Settings(_Part):
    """How org-gate is rolled out over an organization."""

    version: Literal[1] = 1
    """The version of this format."""
    central: Central
    """Where the central part runs."""
    gates: Gates
    """Where the gates are, and the pipelines they answer."""
    waves: tuple[Wave, ...] = ()
    """One after the other, each only once the gates of the one before answer. What no wave names comes last."""
    reports: Reports = Field(default_factory=Reports)
    """The health report; `org-gate report` makes one at any time."""
    policy: Annotated[str | None, NoNull(), Field(min_length=1, max_length=1024)] = None
    """The policy to begin with, a file beside this one; left out: the one that ships. Published once, where there is
    none: from then on `org-gate policy publish` changes it."""
    log_retention_days: Retention = 90
    """How long logs are kept, of the central functions and of the gates."""
    permissions_boundary: Annotated[PolicyName | None, NoNull()] = None
    """The IAM policy that bounds every role of org-gate. It has this name (with its path) in every account."""
    tags: dict[OwnTagKey, TagValue] = Field(default={}, max_length=50)
    """On every stack, and so on all that is in them."""
    names: Names = Field(default_factory=Names)
    """What is called how; left out: as our documents call it."""

    @field_validator("waves")
    @classmethod
    def _waves_have_names_of_their_own(cls, waves: tuple[Wave, ...]) -> tuple[Wave, ...]:
        if again := twice(wave.name for wave in waves):
            raise refusal("waves with different names", found=again)
        return waves


def load_settings(text: str | bytes, name: str) -> Settings:
    """The settings in a YAML text; ``name`` is what problems call the file. Raises ``document.DocumentError``."""
    from org_gate.policy.document import load_document  # noqa: PLC0415  PyYAML is fetched where it is needed

    return load_document(text, name, Settings.model_validate)


def settings_schema() -> dict[str, Any]:
    """The JSON Schema of the settings, for editors."""
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": dialect, **Settings.model_json_schema(schema_generator=SchemaAsWritten)}
