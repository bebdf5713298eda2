"""What is wished for: the stacks and the StackSet, with their parameters, from settings, policy and cells. Pure.

What differs between the cells, and between the gates of different accounts, is a parameter and nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from org_gate.inventory.settings import Settings
from org_gate.policy.fields import duration_text
from org_gate.policy.model import Policy
from org_gate.rollout.artifacts import bucket_name
from org_gate.rollout.gates import gate_settings
from org_gate.rollout.plan_model import StackWish

TO_COME: Final = "(what the cells tell once they are there)"
SETTINGS: Final = ("Mode", "OnUnknown", "ExemptPipelines")
"""The parameters that differ between accounts."""
_MOST_COVERAGE_BYTES: Final = 3000
"""All of a function's environment is 4 KB at most."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a version of org-gate consists of: two templates, and the functions' zip by its name.

    ``max_attempts`` is how often the functions try an AWS call.
    """

    version: str
    central_template: str
    member_template: str
    code: str
    max_attempts: int = 2


def central_wish(settings: Settings, parts: Parts, organization_id: str, region: str) -> StackWish:
    """The cell's stack in a Region."""
    central = settings.central
    home = region == central.region
    parameters = {
        "CodeBucket": bucket_name(central.account, region),
        "CodeKey": parts.code,
        "OrganizationId": organization_id,
        "MaxAttempts": str(parts.max_attempts),
        "LogRetentionDays": str(settings.log_retention_days),
        "AlarmTopicArn": central.alarm_topic_in(region) or "",
        # A key is of one Region, and the settings name home's alone.
        "KmsKeyArn": (central.kms_key if home else None) or "",
        "PermissionsBoundary": settings.permissions_boundary or "",
        "ApiReservedConcurrency": str(central.api_reserved_concurrency or ""),
        "Tracing": "Active" if central.tracing else "PassThrough",
        **_report_parameters(settings, home=home),
    }
    return StackWish(settings.names.central_stack, parts.central_template, parameters, dict(settings.tags))


def coverage_settings(settings: Settings) -> str | None:
    """What the reporter has to know to tell which gates are missing, as JSON; None where a function cannot hold it."""
    text = settings.model_dump_json(include={"central", "gates", "names"}, exclude_defaults=True)
    return text if len(text.encode()) <= _MOST_COVERAGE_BYTES else None


def _report_parameters(settings: Settings, *, home: bool) -> dict[str, str]:
    """A standby decides only where home does not, so its report would tell little."""
    reports = settings.reports
    return {
        "ReportSchedule": reports.schedule if home and reports.enabled else "",
        "ReportSince": duration_text(reports.since),
        "ReportOu": reports.ou,
        "CoverageSettings": coverage_settings(settings) or "",
    }


def member_wish(
    settings: Settings, parts: Parts, organization_id: str, policy: Policy, outputs: Sequence[Mapping[str, str] | None]
) -> StackWish:
    """The StackSet; ``outputs`` are the cells' own, in their order, None for one that is not there yet."""
    parameters = {
        "CentralUrls": _joined(outputs, "DecisionUrl"),
        "CentralFunctionArns": _joined(outputs, "ApiFunctionArn"),
        "CentralAccount": settings.central.account,
        "OrganizationId": organization_id,
        **gate_settings(policy, None).parameters(),
        "PlatformServices": ",".join(policy.platform_services),
        "LogRetentionDays": str(settings.log_retention_days),
        "PermissionsBoundary": settings.permissions_boundary or "",
    }
    return StackWish(settings.names.stack_set, parts.member_template, parameters, dict(settings.tags))


def _joined(outputs: Sequence[Mapping[str, str] | None], key: str) -> str:
    told = [each.get(key) if each is not None else None for each in outputs]
    return TO_COME if None in told else ",".join(map(str, told))
