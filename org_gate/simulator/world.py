"""The composition root of the simulator: an organization on this machine, and org-gate rolled out into it.

What an organization has before org-gate comes (accounts, trusted access, delegated administrators, pipelines)
is made here; everything of org-gate's own is deployed by ``org_gate.rollout`` through AWS's APIs, as a platform
team would do it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final

from botocore.credentials import Credentials

from org_gate.client.api import DecisionApi
from org_gate.client.errors import ApiError
from org_gate.policy.fields import duration_text
from org_gate.policy.load import policy_from_data
from org_gate.rollout.deploy import deploy_central, deploy_members, publish_policy
from org_gate.rollout.files import cache_folder
from org_gate.rollout.lambda_platform import this_machine
from org_gate.rollout.spec import CentralOutputs, DeploymentSpec
from org_gate.simulator.base import SimClock
from org_gate.simulator.cloudformation.strict import strict_stacks
from org_gate.simulator.delivery import Delivery
from org_gate.simulator.faults import CENTRAL, Fault, Faults
from org_gate.simulator.frontdoor import FrontDoor
from org_gate.simulator.health import HealthService
from org_gate.simulator.lambdas.function_urls import FunctionUrls
from org_gate.simulator.lambdas.inprocess import InProcessRunner
from org_gate.simulator.lambdas.logs import LoggedInvoker
from org_gate.simulator.lambdas.processes import ProcessRunner
from org_gate.simulator.lambdas.wiring import wired_lambda
from org_gate.simulator.moto_ground import moto_ground
from org_gate.simulator.organization import AccountSpec, Organization
from org_gate.simulator.pipelines import CodePipelineService, Unanswered
from org_gate.simulator.record import Recorder
from org_gate.simulator.scenario.checks import ou_paths
from org_gate.simulator.scenario.definition import GATE_FUNCTION
from org_gate.simulator.scenario.model import FaultSpec, OverrideSpec, PipelineSpec, Scenario
from org_gate.simulator.server import Server
from org_gate.simulator.sessions import Sessions
from org_gate.simulator.stacksets import StackSets

Say = Callable[[str], None]
_ONE_ATTEMPT: Final = 1
"""A retry of botocore's waits in real time, for a clock that stands still meanwhile."""


@dataclass(frozen=True, slots=True)
class Aws:
    """The simulated AWS, apart from whose it is."""

    server: Server
    door: FrontDoor
    faults: Faults
    health: HealthService
    pipelines: CodePipelineService
    delivery: Delivery
    recorder: Recorder
    """What the gates' jobs came to."""
    unanswered: Sequence[Unanswered]
    """Gate actions that failed without an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A running organization with org-gate in it; what the loop and the tests act on."""

    scenario: Scenario
    clock: SimClock
    organization: Organization
    aws: Aws
    sessions: Sessions
    central: CentralOutputs

    def settle(self) -> None:
        """Until nothing is due but what comes last at an instant (S3): held actions, and what lies in queues."""
        while self.aws.delivery.drain(queues=False) or self.aws.pipelines.drain(held=False):
            pass

    def drain(self) -> None:
        """Until nothing is due: then held actions, then queues, which resumptions come out of."""
        self.settle()
        for queues in (False, True):
            while self.aws.delivery.drain(queues=queues) or self.aws.pipelines.drain():
                pass

    def is_busy(self) -> bool:
        """Whether an execution runs, is held, or waits for a stage or to be resumed (S5)."""
        return self.aws.pipelines.is_busy() or self._waits()

    def _waits(self) -> bool:
        """As the decision API tells the central account; where that cannot be asked, something may."""
        if not any(line["pipeline_result"] == "failed" for line in self.aws.recorder.lines):
            return False
        central = self.scenario.central
        if self.aws.faults.strike(CENTRAL, central.region, central.account):
            return True
        try:
            return bool(self._api().status()["waiting"])
        except ApiError:
            return True

    def add_fault(self, spec: FaultSpec) -> None:
        """From now on, for as long as it lasts."""
        now = self.clock.now()
        until = None if spec.lasts is None else now + spec.lasts
        self.aws.faults.add(Fault(spec.service, spec.kind, now, until, spec.region, spec.account))

    def notify(self, arn: str, region: str | None) -> None:
        """EventBridge delivers the event to the central account's home Region."""
        central = self.scenario.central
        envelopes = self.aws.health.notifications(arn, region, receiver=central.account, bus_region=central.region)
        for envelope in envelopes:
            self.aws.delivery.put_event(central.account, central.region, envelope)

    def publish(self, policy: Mapping[str, Any]) -> int:
        """As the platform team does; the version. Raises RolloutError where central does not take it."""
        central = self.scenario.central
        session = self.sessions.session(central.account, central.region)
        return publish_policy(session, [self.central], policy_from_data(policy), "published by the scenario")

    def override(self, spec: OverrideSpec) -> None:
        """As a person of the central account does it. Raises ApiError where the decision API does not take it."""
        (taken,) = self._api().create_override(_override_body(spec))
        if taken.error is not None:
            raise taken.error

    def _api(self) -> DecisionApi:
        """As the central account asks it."""
        credentials = Credentials(*self.organization.access_keys[self.scenario.central.account])
        return DecisionApi([self.central.decision_url], credentials)

    def access(self) -> dict[str, Any]:
        """What a client needs to know (C1, ``simulate``)."""
        central = self.scenario.central
        return {
            "endpoint": self.aws.server.endpoint,
            "management": self.organization.management,
            "central": {
                "account": central.account,
                "region": central.region,
                "decision_url": self.central.decision_url,
            },
            "accounts": {
                account: {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
                for account, (key, secret) in sorted(self.organization.access_keys.items())
            },
        }


@contextmanager
def open_world(scenario: Scenario, *, runtime: str, say: Say, port: int = 0) -> Iterator[World]:
    """The scenario's organization with org-gate rolled out, its clock at the start. Ends without a trace.

    Raises RolloutError where the rollout fails, OSError where the port is taken.
    """
    with ExitStack() as stack:
        clock = SimClock(scenario.start)
        stack.enter_context(moto_ground(clock))
        stack.enter_context(strict_stacks())
        organization = _organization(scenario)
        ous = len(ou_paths(scenario.organization))
        say(f"An organization of {len(organization.accounts())} accounts in {ous} OUs, on this machine")
        aws = _aws(stack, clock, organization, runtime, port)
        stack.enter_context(aws.server)
        sessions = Sessions(aws.server.endpoint, organization.access_keys)
        _enable_health_view(sessions, scenario)
        central = _roll_out(sessions, scenario, organization, say)
        for pipeline in scenario.pipelines:
            _create_pipeline(sessions, pipeline)
        yield World(
            scenario=scenario, clock=clock, organization=organization, aws=aws, sessions=sessions, central=central
        )


def _aws(stack: ExitStack, clock: SimClock, organization: Organization, runtime: str, port: int) -> Aws:
    """The services behind the front door, each entered into ``stack``; the server is not started yet."""
    faults = Faults(clock)
    stack.callback(faults.release)
    door = FrontDoor(clock, organization, faults)
    server = Server(door, port)
    runner = ProcessRunner(server.endpoint) if runtime == ProcessRunner.runtime else InProcessRunner(server.endpoint)
    stack.callback(runner.close)
    invoker = LoggedInvoker(runner, door.guard, clock)
    recorder, unanswered = Recorder(), list[Unanswered]()
    health = HealthService(clock, organization)
    pipelines = CodePipelineService(clock, invoker, recorder, unanswered=unanswered.append, functions={GATE_FUNCTION})
    delivery = Delivery(clock, invoker, door.guard)
    urls = FunctionUrls(clock, invoker, organization, server.endpoint)
    for wiring in (delivery.wired(), urls.registered(), wired_lambda(invoker, delivery.enqueue)):
        stack.enter_context(wiring)
    door.register("health", health)
    door.register("codepipeline", pipelines)
    door.register("cloudformation", StackSets(clock, organization))
    door.serve_urls(urls)
    return Aws(server, door, faults, health, pipelines, delivery, recorder, unanswered)


def _organization(scenario: Scenario) -> Organization:
    accounts = [
        AccountSpec(account.id, account.name, account.ou, account.tags, account.status)
        for account in scenario.organization.accounts
    ]
    return Organization.build(
        management=scenario.organization.management,
        ou_paths=ou_paths(scenario.organization),
        accounts=accounts,
        delegated_administrator=scenario.central.account,
        start=scenario.start,
    )


def _enable_health_view(sessions: Sessions, scenario: Scenario) -> None:
    client = sessions.client("health", scenario.organization.management, "us-east-1")
    client.enable_health_service_access_for_organization()


def _roll_out(sessions: Sessions, scenario: Scenario, organization: Organization, say: Say) -> CentralOutputs:
    spec = DeploymentSpec(
        organization_id=organization.id,
        central_account=scenario.central.account,
        central_region=scenario.central.region,
        gate_regions=tuple(scenario.gate_regions),
        gate_ous=tuple(scenario.gate_ous or ()),
        policy=policy_from_data(scenario.policy),
        platform=this_machine(),
        max_attempts=_ONE_ATTEMPT,
    )
    session = sessions.session(spec.central_account, spec.central_region)
    central = deploy_central(session, spec, cache=cache_folder(), sleep=_no_need_to_wait)
    say(f"Central stack in account {spec.central_account}, {spec.central_region}: {central.decision_url}")
    gates = deploy_members(session, spec, [central], sleep=_no_need_to_wait)
    accounts = len({gate.account for gate in gates})
    say(f"Gates by StackSet in {accounts} accounts, Regions {', '.join(spec.gate_regions)}: {len(gates)} stacks")
    version = publish_policy(session, [central], spec.policy, "the scenario's first policy")
    say(f"Policy version {version} is published: {', '.join(rule.name for rule in spec.policy.rules) or 'no rules'}")
    return central


def _override_body(spec: OverrideSpec) -> dict[str, Any]:
    """What the scenario leaves out is left out."""
    named = spec.model_dump(exclude_unset=True, exclude={"lasts"})
    return {**named, "for": duration_text(spec.lasts)}


def _no_need_to_wait(_: float) -> None:
    """Stacks and operations of the simulator are complete when their request is answered."""


def _create_pipeline(sessions: Sessions, pipeline: PipelineSpec) -> None:
    """By CodePipeline's API, as the application team would."""
    sessions.client("codepipeline", pipeline.account, pipeline.region).create_pipeline(pipeline=pipeline.declaration)
