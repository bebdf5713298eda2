"""What the central functions read from their environment: one model per function.

Built in a function when a process starts to work, never at import; a missing or empty variable fails there,
by name. What botocore reads for itself (Region, attempts, endpoint) is not repeated here.
"""

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from org_gate.policy.fields import Duration


class SettingsError(Exception):
    """The function's environment is incomplete. ``problems`` has one line for each variable."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__(
            "This function cannot start: "
            + "; ".join(problems)
            + ". Set its environment as the central template does, and deploy it again.",
        )
        self.problems = problems


class _CentralSettings(BaseModel):
    """Environments hold more than ours, so what is unknown is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    table: str = Field(alias="ORG_GATE_TABLE", min_length=1)
    central_account: str = Field(alias="ORG_GATE_CENTRAL_ACCOUNT", pattern=r"^[0-9]{12}$")


class _ChangingSettings(_CentralSettings):
    """Of those that change what decisions rest on."""

    changes: str = Field(alias="ORG_GATE_CHANGES", min_length=1)
    """The ARN of the topic that tells the resumer of it."""


class CollectorSettings(_ChangingSettings):
    """The collector's environment."""


class ApiSettings(_ChangingSettings):
    """The decision API's environment."""

    topic: str = Field(alias="ORG_GATE_TOPIC", min_length=1)
    """The ARN of the topic that hears of what people do by hand."""


class ResumerSettings(_CentralSettings):
    """The resumer's environment."""

    topic: str = Field(alias="ORG_GATE_TOPIC", min_length=1)
    """The ARN of the topic that people hear the news of."""
    queue: str = Field(alias="ORG_GATE_QUEUE", min_length=1)
    """The URL of its own queue, to which it sends what it hands out."""
    dead_queue: str = Field(alias="ORG_GATE_DEAD_QUEUE", min_length=1)
    """The URL of the queue of what people have to see."""


class ReporterSettings(_CentralSettings):
    """The reporter's environment."""

    region: str = Field(alias="AWS_REGION", min_length=1)
    """Where it runs: Lambda's own variable."""
    topic: str = Field(alias="ORG_GATE_TOPIC", min_length=1)
    """The ARN of the topic that people hear of reports by."""
    bucket: str = Field(alias="ORG_GATE_REPORTS", min_length=1)
    """Where reports and the archive go."""
    since: Duration = Field(alias="ORG_GATE_REPORT_SINCE")
    """How far back a report looks."""
    ou: str | None = Field(alias="ORG_GATE_REPORT_OU", default=None)
    """The OU that it is about; None for the whole organization."""
    coverage: str = Field(alias="ORG_GATE_COVERAGE", default="")
    """What of the rollout's settings says where gates are to be, as JSON; empty where it did not fit."""

    @field_validator("ou")
    @classmethod
    def _whole(cls, ou: str | None) -> str | None:
        return ou or None


_Settings = TypeVar("_Settings", bound=_CentralSettings)


def collector_settings(environ: Mapping[str, str]) -> CollectorSettings:
    """Raises SettingsError."""
    return _read(CollectorSettings, environ)


def api_settings(environ: Mapping[str, str]) -> ApiSettings:
    """Raises SettingsError."""
    return _read(ApiSettings, environ)


def resumer_settings(environ: Mapping[str, str]) -> ResumerSettings:
    """Raises SettingsError."""
    return _read(ResumerSettings, environ)


def reporter_settings(environ: Mapping[str, str]) -> ReporterSettings:
    """Raises SettingsError."""
    return _read(ReporterSettings, environ)


def _read(model: type[_Settings], environ: Mapping[str, str]) -> _Settings:
    try:
        return model.model_validate(dict(environ))
    except ValidationError as error:
        raise SettingsError(tuple(_problem(found) for found in error.errors())) from None


def _problem(found: object) -> str:
    detail = found if isinstance(found, dict) else {}
    name = ".".join(str(part) for part in detail.get("loc", ()))
    if detail.get("type") == "missing":
        return f"the environment variable {name} is missing"
    return f"the environment variable {name} is {detail.get('input')!r}: {detail.get('msg')}"
