"""Preflight: the organization, what it trusts, whom it made its delegated administrator, and AWS Health's view of it.

Each check is a generator of findings and asks AWS for nothing but reading. A member account that is no delegated
administrator may read hardly anything: what it cannot see is inferred, and the finding says so.
"""

from collections.abc import Iterator
from typing import Any, Final

from botocore.exceptions import BotoCoreError

from org_gate.inventory.errors import AwsRefusedError, asking_aws
from org_gate.rollout.preflight_findings import Finding, Severity, Who, command, refusal_of
from org_gate.rollout.preflight_ground import GLOBAL_REGION, HEALTH, STACKSETS, Ground

_NO_PLAN: Final = "SubscriptionRequiredException"
_PLANS: Final = "Business Support+, Enterprise Support or Unified Operations"
_ENABLED: Final = "ENABLED"
_INFERRED: Final = " (inferred: it may not read the organization)"
_ACCESS_FIRST: Final = " The trusted access that it rests on comes first; where that is there, it does nothing."

ENABLE_VIEW: Final = command(
    "aws", "health", "enable-health-service-access-for-organization", "--region", GLOBAL_REGION
)


def whose_credentials(ground: Ground) -> Iterator[Finding]:
    """The wrong account sees nothing that counts."""
    if ground.is_central:
        return
    if ground.is_management:
        yield Finding(
            code="management-credentials",
            severity=Severity.NOTE,
            found=f"These are credentials of the management account {ground.caller.account}.",
            means="What only it can see was looked at directly; what is in the central account was not.",
            mend=f"Run again with credentials of the central account {ground.central}, which the rollout takes.",
            who=Who.YOU,
        )
        return
    yield Finding(
        code="wrong-account",
        severity=Severity.STOPS,
        found=f"These are credentials of account {ground.caller.account}; the settings name {ground.central} as "
        "the central account.",
        means="Only the central account can roll out; this one sees neither its stacks nor the organization.",
        mend="Sign in to the central account, or mend central.account in the settings, and run again.",
        who=Who.YOU,
    )


def organization(ground: Ground) -> Iterator[Finding]:
    """That there is one, with all features, and that its management account is not the central one."""
    described = ground.described
    if described is None:
        yield Finding(
            code="no-organization",
            severity=Severity.STOPS,
            found=f"Account {ground.caller.account} is in no organization.",
            means="org-gate installs its gates through an organization, and reads AWS Health for all of it.",
            mend="Use credentials of an account of your organization; or make one of this account, its management "
            "account from then on.",
            who=Who.YOU,
            commands=(command("aws", "organizations", "create-organization", "--feature-set", "ALL"),),
        )
        return
    if described["FeatureSet"] != "ALL":
        yield Finding(
            code="all-features",
            severity=Severity.STOPS,
            found=f"The organization {described['Id']} has consolidated billing only.",
            means="Trusted access, delegated administrators and StackSets need all features.",
            mend="Enable all features; every account that was invited has to agree (console: AWS Organizations, "
            "Settings, Begin process to enable all features).",
            who=Who.MANAGEMENT,
            commands=(command("aws", "organizations", "enable-all-features"),),
        )
    if described["MasterAccountId"] == ground.central:
        yield Finding(
            code="central-is-management",
            severity=Severity.STOPS,
            found=f"central.account {ground.central} is the management account.",
            means="AWS lets no management account be a delegated administrator, and nothing should run in it.",
            mend="Name another account in central.account: one for shared tooling, or a new one.",
            who=Who.YOU,
        )


def trusted_access(ground: Ground) -> Iterator[Finding]:
    """For AWS Health and for StackSets."""
    if HEALTH not in ground.trusted:
        yield Finding(
            code="health-trusted-access",
            severity=Severity.STOPS,
            found=f"AWS Health ({HEALTH}) has no trusted access to the organization.",
            means="AWS Health shows each account its own events only, so nothing central can know.",
            mend="Give it trusted access, and enable its organizational view with it.",
            who=Who.MANAGEMENT,
            commands=(_trust(HEALTH), ENABLE_VIEW),
        )
    if STACKSETS not in ground.trusted:
        yield _stack_sets_access(ground, f"StackSets ({STACKSETS}) has no trusted access to the organization.")
    elif STACKSETS in _delegated_or_none(ground) or ground.is_management:
        status = _stack_sets_status(ground)
        if status != _ENABLED:
            yield _stack_sets_access(ground, f"StackSets' own access to the organization is {status}.")


def delegated_administrator(ground: Ground) -> Iterator[Finding]:
    """That the central account is one, for both."""
    try:
        delegated = ground.delegated
    except AwsRefusedError as error:
        if not waits_for_delegation(ground, error):
            raise
        yield from (_not_delegated(ground, each, is_inferred=True) for each in (HEALTH, STACKSETS))
        return
    missing = [each for each in (HEALTH, STACKSETS) if each not in delegated]
    yield from (_not_delegated(ground, each, is_inferred=False) for each in missing)


def health_view(ground: Ground) -> Iterator[Finding]:
    """The organizational view and the support plan: asked for directly by the management account, else inferred."""
    if ground.is_management:
        yield from _status_of_the_view(ground)
    elif ground.is_central and HEALTH in ground.trusted & _delegated_or_none(ground):
        yield from _whether_health_answers(ground)


def waits_for_delegation(ground: Ground, error: AwsRefusedError) -> bool:
    """Whether AWS refused because of what the account is, not because of the caller's policies."""
    refusal = refusal_of(error)
    is_told_so = refusal.code == "ValidationError" and "delegated admin" in refusal.message.lower()
    return not ground.is_management and ((refusal.is_denial and refusal.action is None) or is_told_so)


def ask_health(ground: Ground, doing: str, operation: str, **arguments: Any) -> Any:
    """AWS Health's answer, from the first Region where something answers. Raises AwsRefusedError."""
    silent: BotoCoreError | None = None
    with asking_aws(doing):
        for client in ground.health():
            try:
                return getattr(client, operation)(**arguments)
            except BotoCoreError as error:
                silent = error
        raise silent or BotoCoreError


def _not_delegated(ground: Ground, principal: str, *, is_inferred: bool) -> Finding:
    """Where it is inferred, whether the service has trusted access is not known either: that comes first."""
    is_health = principal == HEALTH
    access = (_trust(HEALTH), ENABLE_VIEW) if is_health else (_activate(ground),)
    register = command("aws", "organizations", "register-delegated-administrator", "--account-id", ground.central)
    return Finding(
        code="health-delegated-administrator" if is_health else "stacksets-delegated-administrator",
        severity=Severity.STOPS,
        found=f"Account {ground.central} is no delegated administrator for {'AWS Health' if is_health else 'StackSets'}"
        f"{_INFERRED if is_inferred else ''}.",
        means="It may not read AWS Health for the organization."
        if is_health
        else "It may not put gates into other accounts.",
        mend="Register it; that takes up to a minute to show." + (_ACCESS_FIRST if is_inferred else ""),
        who=Who.MANAGEMENT,
        commands=(*(access if is_inferred else ()), f"{register} --service-principal {principal}"),
    )


def _status_of_the_view(ground: Ground) -> Iterator[Finding]:
    try:
        answer = ask_health(ground, "read AWS Health's status", "describe_health_service_status_for_organization")
    except AwsRefusedError as error:
        if error.code != _NO_PLAN:
            raise
        yield _no_plan(ground)
        return
    status = answer["healthServiceAccessStatusForOrganization"]
    if status != _ENABLED and HEALTH in ground.trusted:
        yield _no_view(f"AWS Health's organizational view is {status}.")


def _whether_health_answers(ground: Ground) -> Iterator[Finding]:
    try:
        ask_health(ground, "read AWS Health", "describe_events_for_organization", maxResults=10)
    except AwsRefusedError as error:
        refusal = refusal_of(error)
        if error.code == _NO_PLAN:
            yield _no_plan(ground)
        elif refusal.is_denial and not refusal.is_by_policy:
            yield _no_view(
                f"AWS Health shows the organization's events to nobody here (inferred from: {refusal.message}).",
                " Where it is enabled, allow these credentials health:DescribeEventsForOrganization.",
            )
        else:
            raise


def _no_plan(ground: Ground) -> Finding:
    return Finding(
        code="support-plan",
        severity=Severity.STOPS,
        found=f"The support plan of account {ground.caller.account} does not include AWS Health's API.",
        means='org-gate cannot read AWS Health: every decision would be "unknown".',
        mend=f"Change the plan to {_PLANS} (console: Support Center, Support plans, signed in to the management "
        "account), for the organization or for the central account.",
        who=Who.MANAGEMENT,
    )


def _no_view(found: str, otherwise: str = "") -> Finding:
    return Finding(
        code="health-view",
        severity=Severity.STOPS,
        found=found,
        means="AWS Health collects no events of other accounts; what happens before it is enabled is never shown.",
        mend="Enable it (console: AWS Health Dashboard, Organization health, Configurations)." + otherwise,
        who=Who.MANAGEMENT,
        commands=(ENABLE_VIEW,),
    )


def _stack_sets_access(ground: Ground, found: str) -> Finding:
    return Finding(
        code="stacksets-trusted-access",
        severity=Severity.STOPS,
        found=found,
        means="StackSets cannot create stacks in the organization's accounts, so no gate can be installed.",
        mend="Activate it through CloudFormation, not through AWS Organizations alone (console: CloudFormation, "
        "StackSets, Activate trusted access).",
        who=Who.MANAGEMENT,
        commands=(_activate(ground),),
    )


def _stack_sets_status(ground: Ground) -> str:
    with asking_aws("read StackSets' access to the organization"):
        cloudformation = ground.client("cloudformation", ground.home)
        status: str = cloudformation.describe_organizations_access(**ground.call_as)["Status"]
    return status


def _delegated_or_none(ground: Ground) -> frozenset[str]:
    """For checks that come after that of the delegated administrator, which tells why it is not known."""
    try:
        return ground.delegated
    except AwsRefusedError:
        return frozenset()


def _trust(principal: str) -> str:
    return command("aws", "organizations", "enable-aws-service-access", "--service-principal", principal)


def _activate(ground: Ground) -> str:
    return command("aws", "cloudformation", "activate-organizations-access", "--region", ground.home)
