"""What a person should know before a rollout: who gets no gate, who loses one, what will not happen by itself. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from org_gate.inventory.installed import InstalledSet
from org_gate.inventory.organization import Organization, OrgMember
from org_gate.inventory.settings import Central, Settings
from org_gate.inventory.targets import Scope
from org_gate.rollout.plan_cells import CellFacts
from org_gate.rollout.plan_model import SetPlan, WavePlan
from org_gate.rollout.wishes import coverage_settings

_NAMED: Final = 5
"""So many accounts or OUs are named; of more, the first."""


def some_of(names: Sequence[str]) -> str:
    """The names, or the first of many."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def called(member: OrgMember) -> str:
    return f"{member.account.id} ({member.name})" if member.name else member.account.id


def cell_warnings(settings: Settings, cells: Iterable[CellFacts]) -> Iterator[str]:
    """Of cells that do not answer, and of those that would be left behind."""
    for cell in cells:
        if cell.silent is not None:
            yield (
                f"The cell in {cell.region} does not tell which policy it has, so gates there get no answer either: "
                f"{cell.silent}"
            )
    if settings.central.region == "us-east-1" and not settings.central.standby:
        yield (
            "Home is us-east-1 without a standby: most large incidents are there, and then nothing central answers. "
            "Name another Region in `central.region` or one in `central.standby`."
        )
    yield from _unheard(settings.central)


def _unheard(central: Central) -> Iterator[str]:
    """Of standbys whose end nobody would hear of, where somebody hears of home's."""
    silent = [region for region in central.standby if central.alarm_topic_in(region) is None]
    if central.alarm_topic is not None and silent:
        yield (
            f"Nobody hears the alarms of the standby in {some_of(silent)}: the console alone shows them. Name an SNS "
            "topic there in `central.standby_alarm_topics`."
        )


def report_warnings(settings: Settings) -> Iterator[str]:
    """Of what the scheduled report will lack."""
    if settings.reports.enabled and coverage_settings(settings) is None:
        yield (
            "The reports made on the schedule have no coverage: `gates` is longer than a function's environment can "
            "hold. Name OUs instead of many accounts, or take coverage from `org-gate report`."
        )


def gate_warnings(
    settings: Settings, organization: Organization, scope: Scope, waves: Sequence[WavePlan], found: InstalledSet | None
) -> Iterator[str]:
    """Of accounts that get no gate, or not by themselves."""
    yield from _of_the_management_account(organization, scope)
    suspended = [called(member) for member in scope.members if not member.is_active]
    if suspended:
        yield f"Suspended, so without a gate until they are active again: {some_of(suspended)}."
    if scope.parents:
        paths = some_of([unit.path or "the root" for unit in scope.parents])
        yield (
            f"An account that joins directly in {paths} gets no gate by itself, as something below is left out: "
            "run `org-gate rollout apply` then."
        )
    empty = [wave.name for wave in settings.waves if not _accounts_of(wave.name, waves)]
    if empty:
        yield f"No account is in these waves, or all are in waves before: {some_of(empty)}."
    if not scope.members:
        yield "No account gets a gate: nothing but the central part is rolled out. Look at `gates.ous`."
    if found is not None:
        yield from _of_what_is_there(organization, scope, found)


def loss_warnings(losing: Sequence[str]) -> Iterator[str]:
    if losing:
        yield (
            f"OUs that lose all their gates: {some_of(losing)}. Pipelines there that call the gate fail from then on; "
            "take the gate out of them first."
        )


def set_warnings(plan: SetPlan) -> Iterator[str]:
    if plan.auto:
        yield (
            f"The StackSet {plan.wish.name} does not deploy to accounts that join by itself, or works on one operation "
            "at a time only; `apply` puts that right, by an operation that passes every gate once more."
        )


def _of_the_management_account(organization: Organization, scope: Scope) -> Iterator[str]:
    management = organization.members.get(organization.management)
    units = {*scope.ou_ids}
    if management is not None and not units.isdisjoint(management.account.ou_ids):
        yield (
            f"The management account {called(management)} gets no gate from a StackSet. If pipelines run there, sign "
            "in to it and run `org-gate rollout apply --management`."
        )


def _of_what_is_there(organization: Organization, scope: Scope, found: InstalledSet) -> Iterator[str]:
    strange = sorted({account for account, _ in found.gates if account not in organization.members})
    if strange:
        yield f"The StackSet still lists gates in accounts that left the organization: {some_of(strange)}."
    beyond = [
        organization.units[ou].path or "the root"
        for ou in sorted({gate.ou_id for gate in found.gates.values()} - set(scope.ou_ids))
        if ou in organization.units and not _is_gone(ou, scope, found)
    ]
    if beyond:
        yield (
            f"The StackSet was given {some_of(beyond)} as a whole once, so whoever joins there gets a gate although "
            "the settings leave something out; the next `apply --remove` takes it again."
        )
    broken = sorted({account for (account, _), gate in found.gates.items() if gate.status == "INOPERABLE"})
    if broken:
        yield (
            f"Inoperable, which no update leads out of: {some_of(broken)}. Delete these instances with "
            "--retain-stacks, delete their stacks in the accounts, and run `org-gate rollout apply`."
        )


def _is_gone(ou: str, scope: Scope, found: InstalledSet) -> bool:
    """Whether none of the gates that came by this OU stays."""
    accounts = {account.id for account in scope.accounts}
    return not any(gate.ou_id == ou and account in accounts for (account, _), gate in found.gates.items())


def _accounts_of(name: str, waves: Iterable[WavePlan]) -> int:
    return sum(wave.accounts for wave in waves if wave.name == name)
