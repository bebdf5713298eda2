"""An organization before org-gate, and a platform team's rollout over it, by functions and by the command line."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from org_gate import __version__
from org_gate.cli.main import run
from org_gate.cli.surroundings import Surroundings
from org_gate.inventory.errors import InstanceResult
from org_gate.inventory.installed import Place
from org_gate.inventory.settings import Settings
from org_gate.policy.load import policy_from_data
from org_gate.rollout.apply import Rollout
from org_gate.rollout.apply_central import publish_policy
from org_gate.rollout.apply_gates import Hands, Progress
from org_gate.rollout.files import cache_folder, shipped
from org_gate.rollout.lambda_platform import this_machine
from org_gate.rollout.plan_facts import wanted
from org_gate.rollout.plan_model import Plan
from org_gate.rollout.wishes import Parts
from org_gate.simulator.moto_ground import HEALTH_PRINCIPAL, STACKSETS_PRINCIPAL
from org_gate.simulator.scenario import read_scenario
from org_gate.simulator.world import World, open_world
from tests.e2e.support import CENTRAL, ORDERS, PAYMENTS, SANDBOX, scenario, write

HOME = "eu-west-1"
_READING = ("Describe", "Get", "Head", "List")
POLICY: dict[str, Any] = {
    "version": 1,
    "modes": [{"targets": {"ous": ["Workloads/Dev/**"]}, "mode": "shadow"}],
    "exempt": [{"pipelines": ["*-failover"], "ous": ["Workloads/**"]}],
}


@dataclass
class Team:
    """A platform team in an organization. ``check`` is the health check between waves."""

    world: World
    said: list[str] = field(default_factory=list)
    progress: list[Progress] = field(default_factory=list)
    checked: list[Sequence[Place]] = field(default_factory=list)
    check: Callable[[Sequence[Place]], Sequence[InstanceResult]] = lambda _: ()
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def stack_sets(self) -> Any:
        return self.world.sessions.client("cloudformation", CENTRAL, HOME)

    def rollout(
        self, settings: Settings, policy: Mapping[str, Any] = POLICY, sleep: Any = None, version: str = __version__
    ) -> Rollout:
        want = wanted(settings, policy_from_data(policy), cache_folder(), platform=this_machine(), max_attempts=1)
        want = replace(want, parts=_of_version(want.parts, version))
        hands = Hands(
            sleep=sleep or (lambda _: None),
            seconds=lambda: 0.0,
            new_id=lambda: f"{next(self._ids):032x}"[::-1],
            check=self._checked,
            say=self.said.append,
            moved=self.progress.append,
        )
        return Rollout(self.world.sessions.session(CENTRAL, HOME), want, hands)

    def apply(self, settings: Settings, *, removals: bool = False, **how: Any) -> Plan:
        rollout = self.rollout(settings, **how)
        return rollout.apply(rollout.look(), removals=removals)

    def operations(self) -> list[tuple[str, str, int]]:
        """Action, status and number of gates of each StackSet operation, oldest first."""
        named = {"StackSetName": "org-gate-member", "CallAs": "DELEGATED_ADMIN"}
        told = self.stack_sets.list_stack_set_operations(**named)["Summaries"]
        results = self.stack_sets.list_stack_set_operation_results
        return [
            (each["Action"], each["Status"], len(results(**named, OperationId=each["OperationId"])["Summaries"]))
            for each in reversed(told)
        ]

    def gates(self) -> dict[Place, str]:
        """The mode that each gate's function knows, by account and Region."""
        listed = self.stack_sets.get_paginator("list_stack_instances").paginate(
            StackSetName="org-gate-member", CallAs="DELEGATED_ADMIN"
        )
        places = [
            (each["Account"], each["Region"])
            for page in listed
            for each in page["Summaries"]
            if each["StackInstanceStatus"]["DetailedStatus"] != "SKIPPED_SUSPENDED_ACCOUNT"
        ]
        return {place: self.variables(*place)["ORG_GATE_MODE"] for place in places}

    def variables(self, account: str, region: str) -> dict[str, str]:
        client = self.world.sessions.client("lambda", account, region)
        told: dict[str, str] = client.get_function_configuration(FunctionName="org-gate")["Environment"]["Variables"]
        return told

    def publish(self, policy: Mapping[str, Any]) -> None:
        """As the platform team does."""
        stack = self.stack_sets.describe_stacks(StackName="org-gate-central")["Stacks"][0]
        url = next(each["OutputValue"] for each in stack["Outputs"] if each["OutputKey"] == "DecisionUrl")
        publish_policy(self.world.sessions.session(CENTRAL, HOME), [url], policy_from_data(policy), "by a test")

    @contextmanager
    def interrupted_after(self, changes: int) -> Iterator[None]:
        """Ctrl-C, as it were, right after so many of CloudFormation's calls that change something."""
        left = itertools.count(changes, -1)

        def changed(model: Any, **_: Any) -> None:
            if model.service_model.service_name == "cloudformation" and not (
                model.name.startswith(_READING) or next(left) != 1
            ):
                raise KeyboardInterrupt

        events = self.world.sessions.session(CENTRAL, HOME).events
        events.register("after-call", changed)
        try:
            yield
        finally:
            events.unregister("after-call", changed)

    def move(self, account: str, path: str) -> None:
        client = self.world.sessions.client("organizations", self.world.organization.management, "us-east-1")
        parent = client.list_parents(ChildId=account)["Parents"][0]["Id"]
        client.move_account(AccountId=account, SourceParentId=parent, DestinationParentId=self.unit(path))

    def unit(self, path: str) -> str:
        client = self.world.sessions.client("organizations", self.world.organization.management, "us-east-1")
        found = str(client.list_roots()["Roots"][0]["Id"])
        for name in path.split("/") if path else ():
            units = client.list_organizational_units_for_parent(ParentId=found)["OrganizationalUnits"]
            found = next(str(each["Id"]) for each in units if each["Name"] == name)
        return found

    def command(self, folder: Path, settings: Mapping[str, Any], *arguments: str, **surroundings: Any) -> int:
        """`org-gate rollout ARGUMENTS`, built for this machine; its exit code."""
        file = folder / "org-gate.yaml"
        file.write_text(yaml.safe_dump(dict(settings)), encoding="utf-8")
        session = self.world.sessions.session(CENTRAL, HOME)
        obj = Surroundings(**{"aws": lambda: session, "sleep": lambda _: None, **surroundings})
        try:
            return run(["rollout", *arguments, "--config", str(file)], obj=obj)
        except SystemExit as end:
            return int(end.code or 0)

    def _checked(self, gates: Sequence[Place]) -> Sequence[InstanceResult]:
        self.checked.append(gates)
        return self.check(gates)


def _of_version(parts: Parts, version: str) -> Parts:
    """The same parts, as an earlier version would call them."""
    central, member = (text.replace(__version__, version) for text in (parts.central_template, parts.member_template))
    return replace(parts, version=version, central_template=central, member_template=member)


@contextmanager
def team(folder: Path, *, pace: int | None = None, **fields: Any) -> Iterator[Team]:
    """Nothing is rolled out yet; the management account has done its part."""
    read = read_scenario(write(folder, scenario(pipelines=[], **fields)), shipped("config/policy.yaml"))
    with open_world(read, runtime="inprocess", say=lambda _: None, bare=True, pace=pace) as world:
        _management_does_its_part(world)
        yield Team(world)
        assert world.aws.door.failures == []


def _management_does_its_part(world: World) -> None:
    management, central = world.organization.management, world.scenario.central
    world.sessions.client("health", management, "us-east-1").enable_health_service_access_for_organization()
    world.sessions.client("cloudformation", management, central.region).activate_organizations_access()
    organizations = world.sessions.client("organizations", management, "us-east-1")
    for principal in (HEALTH_PRINCIPAL, STACKSETS_PRINCIPAL):
        organizations.register_delegated_administrator(AccountId=central.account, ServicePrincipal=principal)


def written(**changes: Any) -> dict[str, Any]:
    """Settings as a file has them: two OUs in two Regions unless told otherwise."""
    return {
        "central": {"account": CENTRAL, "region": HOME},
        "gates": {"regions": ["us-east-1", HOME], "ous": ["Workloads", "Platform"]},
        **changes,
    }


def settings(**changes: Any) -> Settings:
    return Settings.model_validate(written(**changes))


WAVES = [{"name": "canary", "accounts": [PAYMENTS]}]
__all__ = ["CENTRAL", "HOME", "ORDERS", "PAYMENTS", "POLICY", "SANDBOX", "WAVES", "Team", "settings", "team", "written"]
