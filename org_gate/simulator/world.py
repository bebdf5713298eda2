"""The composition root of the simulator: an organization on this machine, and org-gate rolled out into it.

What an organization has before org-gate comes (accounts, pipelines) is made here. The rest is done through AWS's APIs:
what the management account has to allow, and everything of org-gate's own by ``org_gate.rollout``, as a platform team
would do it. A bare world stops before that.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from botocore.credentials import Credentials

from org_gate.client.api import DecisionApi
from org_gate.client.errors import ApiError
from org_gate.inventory.errors import RolloutError
from org_gate.inventory.settings import Central, Gates, Settings
from org_gate.policy.fields import duration_text
from org_gate.policy.load import policy_from_data
from org_gate.rollout.apply import Rollout
from org_gate.rollout.apply_central import publish_policy
from org_gate.rollout.apply_gates import Hands
from org_gate.rollout.files import cache_folder
from org_gate.rollout.lambda_platform import this_machine
from org_gate.rollout.outputs import CentralOutputs, read_outputs
from org_gate.rollout.plan_facts import wanted
from org_gate.simulator.base import SimClock
from org_gate.simulator.cloudformation.strict import strict_stacks
from org_gate.simulator.delivery import Delivery
from org_gate.simulator.faults import CENTRAL, Fault, Faults
from org_gate.simulator.frontdoor import FrontDoor
from org_gate.simulator.governance import govern
from org_gate.simulator.health.service import HealthService
from org_gate.simulator.lambdas.function_urls import FunctionUrls
from org_gate.simulator.lambdas.inprocess import InProcessRunner
from org_gate.simulator.lambdas.logs import LoggedInvoker
from org_gate.simulator.lambdas.processes import ProcessRunner
from org_gate.simulator.lambdas.wiring import wired_lambda
from org_gate.simulator.moto_ground import HEALTH_PRINCIPAL, STACKSETS_PRINCIPAL, moto_ground
from org_gate.simulator.organization import AccountSpec, Organization
from org_gate.simulator.pipelines.answers import Unanswered
from org_gate.simulator.pipelines.service import CodePipelineService
from org_gate.simulator.record import Recorder
from org_gate.simulator.scenario.checks import ou_paths
from org_gate.simulator.scenario.definition import GATE_FUNCTION
from org_gate.simulator.scenario.model import FaultSpec, OverrideSpec, PipelineSpec, Scenario
from org_gate.simulator.server import Server
from org_gate.simulator.sessions import Sessions

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
    """A running organization; what the loop and the tests act on. ``central`` is None before org-gate is in it."""

    scenario: Scenario
    clock: SimClock
    organization: Organization
    aws: Aws
    sessions: Sessions
    central: CentralOutputs | None

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
        if self.central is None or not any(line["pipeline_result"] == "failed" for line in self.aws.recorder.lines):
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
        return publish_policy(
            session, [self.cell().decision_url], policy_from_data(policy), "published by the scenario"
        )

    def override(self, spec: OverrideSpec) -> None:
        """As a person of the central account does it.

        Raises ApiError where the decision API does not take it, RolloutError where there is none.
        """
        (taken,) = self._api().create_override(_override_body(spec))
        if taken.error is not None:
            raise taken.error

    def _api(self) -> DecisionApi:
        """As the central account asks it."""
        credentials = Credentials(*self.organization.access_keys[self.scenario.central.account])
        return DecisionApi([self.cell().decision_url], credentials)

    def cell(self) -> CentralOutputs:
        if self.central is None:
            raise RolloutError("There is no decision API: org-gate has not been rolled out into this organization.")
        return self.central

    def access(self) -> dict[str, Any]:
        """What a client needs to know (C1, ``simulate``)."""
        central = self.scenario.central
        return {
            "endpoint": self.aws.server.endpoint,
            "management": self.organization.management,
            "central": {
                "account": central.account,
                "region": central.region,
                "decision_url": None if self.central is None else self.central.decision_url,
            },
            "accounts": {
                account: {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
                for account, (key, secret) in sorted(self.organization.access_keys.items())
            },
        }


@contextmanager
def open_world(
    scenario: Scenario, *, runtime: str, say: Say, port: int = 0, bare: bool = False, pace: int | None = None
) -> Iterator[World]:
    """The scenario's organization with org-gate rolled out, its clock at the start. Ends without a trace.

    ``bare``: the organization as it was before org-gate came. ``pace``: how many instances of a StackSet's operation
    are finished each time somebody looks at it; all of them at once without one.

    Raises RolloutError where the rollout fails, OSError where the port is taken.
    """
    with ExitStack() as stack:
        clock = SimClock(scenario.start)
        stack.enter_context(moto_ground(clock))
        stack.enter_context(strict_stacks())
        organization = _organization(scenario)
        ous = len(ou_paths(scenario.organization))
        say(f"An organization of {len(organization.accounts())} accounts in {ous} OUs, on this machine")
        aws = _aws(stack, clock, organization, runtime=runtime, port=port, pace=pace)
        stack.enter_context(aws.server)
        sessions = Sessions(aws.server.endpoint, organization.access_keys)
        central = None if bare else _with_org_gate(sessions, scenario, organization, say)
        for pipeline in scenario.pipelines:
            _create_pipeline(sessions, pipeline)
        yield World(
            scenario=scenario, clock=clock, organization=organization, aws=aws, sessions=sessions, central=central
        )


def _aws(
    stack: ExitStack, clock: SimClock, organization: Organization, *, runtime: str, port: int, pace: int | None
) -> Aws:
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
    govern(door, clock, organization, pace)
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
        delegated_administrator=None,
        start=scenario.start,
    )


def _with_org_gate(sessions: Sessions, scenario: Scenario, organization: Organization, say: Say) -> CentralOutputs:
    """The management account's ten minutes, then the rollout."""
    management = organization.management
    sessions.client("health", management, "us-east-1").enable_health_service_access_for_organization()
    sessions.client("cloudformation", management, scenario.central.region).activate_organizations_access()
    organizations = sessions.client("organizations", management, "us-east-1")
    for principal in (HEALTH_PRINCIPAL, STACKSETS_PRINCIPAL):
        organizations.register_delegated_administrator(AccountId=scenario.central.account, ServicePrincipal=principal)
    return _roll_out(sessions, scenario, say)


def _roll_out(sessions: Sessions, scenario: Scenario, say: Say) -> CentralOutputs:
    settings = settings_of(scenario)
    central, name = settings.central, settings.names.central_stack
    policy = policy_from_data(scenario.policy)
    want = wanted(settings, policy, cache_folder(), platform=this_machine(), max_attempts=_ONE_ATTEMPT)
    session = sessions.session(central.account, central.region)
    rollout = Rollout(session, want, _HANDS)
    done = rollout.apply(rollout.look(), removals=False)
    outputs = read_outputs(session.client("cloudformation"), name, central.region)
    say(f"Central stack in account {central.account}, {central.region}: {outputs.decision_url}")
    gates = [gate for wave in done.waves for gate in wave.gates]
    accounts = len({account for account, _ in gates})
    say(f"Gates by StackSet in {accounts} accounts, Regions {', '.join(scenario.gate_regions)}: {len(gates)} stacks")
    say(f"Policy version 1 is published: {', '.join(rule.name for rule in policy.rules) or 'no rules'}")
    return outputs


def settings_of(scenario: Scenario) -> Settings:
    """What a platform team would write down for this organization."""
    central = Central(account=scenario.central.account, region=scenario.central.region)
    gates = Gates(regions=tuple(scenario.gate_regions), ous=tuple(scenario.gate_ous or ("",)))
    return Settings(central=central, gates=gates)


def _override_body(spec: OverrideSpec) -> dict[str, Any]:
    """What the scenario leaves out is left out."""
    named = spec.model_dump(exclude_unset=True, exclude={"lasts"})
    return {**named, "for": duration_text(spec.lasts)}


def _no_need_to_wait(_: float) -> None:
    """Nothing in the simulator takes real time; an operation that has a pace goes on by being looked at."""


_HANDS: Final = Hands(
    sleep=_no_need_to_wait,
    seconds=lambda: 0.0,
    new_id=partial(secrets.token_hex, 16),
    check=lambda _: (),
    say=lambda _: None,
    moved=lambda _: None,
)
"""Of nobody who watches: gates that do not answer show in what the scenario comes to."""


def _create_pipeline(sessions: Sessions, pipeline: PipelineSpec) -> None:
    """By CodePipeline's API, as the application team would."""
    sessions.client("codepipeline", pipeline.account, pipeline.region).create_pipeline(pipeline=pipeline.declaration)
