"""Plans over organizations of a test's own, and a StackSet that remembers what a plan's steps did to it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from org_gate.inventory.installed import InstalledCell, InstalledGate, InstalledSet, Place
from org_gate.inventory.organization import Organization, OrgMember, OrgUnit
from org_gate.inventory.settings import Settings
from org_gate.model.event import Account
from org_gate.policy.load import policy_from_data
from org_gate.rollout.gates import gate_settings
from org_gate.rollout.plan import AUTOMATIC, Facts, make_plan
from org_gate.rollout.plan_cells import CellFacts
from org_gate.rollout.plan_model import Action, Does, Plan, StackWish, Step
from org_gate.rollout.wishes import SETTINGS, Parts

MANAGEMENT, CENTRAL = "100000000001", "999988887777"
HOME = "eu-west-1"
PARTS = Parts("1.0.0", "central", "member", "abc.zip")
POLICY: dict[str, Any] = {"version": 1, "modes": [{"targets": {"ous": ["Dev/**"]}, "mode": "shadow"}]}


def organization(homes: Mapping[str, str], suspended: Iterable[str] = ()) -> Organization:
    """Accounts by id and the path of their OU; the management account is in the root."""
    paths = sorted({"", *(path for home in homes.values() for path in _above(home))})
    units = {path: f"ou-root-{number:08d}" if path else "r-root" for number, path in enumerate(paths)}

    def ids(path: str) -> tuple[str, ...]:
        return tuple(units[each] for each in ("", *_above(path)))

    members = {
        each: OrgMember(Account(each, path, ids(path)), f"name-{each[-3:]}", _status(each, suspended))
        for each, path in sorted({MANAGEMENT: "", **homes}.items())
    }
    return Organization("o-abcdefghij", MANAGEMENT, {units[path]: OrgUnit(path, ids(path)) for path in paths}, members)


def _above(path: str) -> list[str]:
    names = path.split("/") if path else []
    return ["/".join(names[: depth + 1]) for depth in range(len(names))]


def _status(account: str, suspended: Iterable[str]) -> str:
    return "SUSPENDED" if account in suspended else "ACTIVE"


def settings(**changes: Any) -> Settings:
    data = {
        "central": {"account": CENTRAL, "region": HOME},
        "gates": {"regions": ["us-east-1", HOME]},
        **changes,
    }
    return Settings.model_validate(data)


@dataclass
class Gate:
    """A gate's truth: of which content it is, which settings were written, and who touched it last."""

    ou: str
    content: str
    written: dict[str, str]
    operation: str
    current: bool = True


@dataclass
class Known:
    """An organization with org-gate in it. ``resets``: targeting a whole OU takes what was written into its gates."""

    organization: Organization
    resets: bool = False
    gates: dict[Place, Gate] = field(default_factory=dict)
    wish: StackWish | None = None
    content: str = ""
    numbers: int = 0
    cell: CellFacts = field(default_factory=lambda: CellFacts(HOME))

    def plan(self, wanted: Settings, policy: Mapping[str, Any] = POLICY, parts: Parts = PARTS) -> Plan:
        return make_plan(wanted, self.facts(), parts, policy_from_data(dict(policy)))

    def facts(self) -> Facts:
        return Facts(self.organization, (self.cell,), self.stack_set())

    def stack_set(self) -> InstalledSet | None:
        if self.wish is None:
            return None
        described = {
            "TemplateBody": self.wish.template,
            "Parameters": [
                {"ParameterKey": key, "ParameterValue": value} for key, value in self.wish.parameters.items()
            ],
            "Tags": [{"Key": key, "Value": value} for key, value in self.wish.tags.items()],
            "OrganizationalUnitIds": sorted({gate.ou for gate in self.gates.values()}),
            **AUTOMATIC,
        }
        return InstalledSet(described, {place: self._listed(place, gate) for place, gate in self.gates.items()})

    def carry_out(self, plan: Plan, steps: Sequence[Step] | None = None) -> None:
        """The cells, the set, and these steps (all of them, unless told)."""
        for cell in plan.cells:
            self.cell = self._made(cell.wish)
        if plan.stack_set is not None and plan.stack_set.action is Action.CREATE:
            self._hold(plan)
        for step in [*plan.steps()] if steps is None else steps:
            if step.does is Does.UPDATE:
                self._hold(plan)
            self._do(step)

    def settings_of(self, place: Place) -> dict[str, str]:
        assert self.wish is not None
        return {name: {**self.wish.parameters, **self.gates[place].written}[name] for name in SETTINGS}

    def wanted_of(self, account: str, policy: Mapping[str, Any] = POLICY) -> dict[str, str]:
        found = self.organization.members[account].account
        return gate_settings(policy_from_data(dict(policy)), found).parameters()

    def _hold(self, plan: Plan) -> None:
        assert plan.stack_set is not None
        if self.content != plan.stack_set.content:
            for gate in self.gates.values():
                gate.current = False
        self.wish, self.content = plan.stack_set.wish, plan.stack_set.content

    def _do(self, step: Step) -> None:
        self.numbers += 1
        operation = step.mark.operation_id(f"{self.numbers:032x}"[::-1])
        for place in self._meant(step):
            if step.does is Does.REMOVE:
                self.gates.pop(place, None)
                continue
            gate = self.gates.get(place)
            if gate is None and step.does is not Does.CREATE:
                continue
            if gate is None:
                gate = self.gates[place] = Gate(self._ou(step, place[0]), self.content, dict(step.settings), operation)
            elif step.does is Does.SETTINGS or (step.does is Does.CREATE and self.resets):
                gate.written = dict(step.settings)
            gate.content, gate.operation, gate.current = self.content, operation, True

    def _ou(self, step: Step, account: str) -> str:
        return next(ou for ou in self.organization.members[account].account.ou_ids if ou in step.targets.ou_ids)

    def _meant(self, step: Step) -> list[Place]:
        return [
            (member.account.id, region)
            for member in self.organization.members.values()
            if member.account.id != MANAGEMENT
            and member.is_active
            and not set(step.targets.ou_ids).isdisjoint(member.account.ou_ids)
            and (step.targets.accounts is None or member.account.id in step.targets.accounts)
            for region in step.regions
        ]

    def _made(self, wish: StackWish) -> CellFacts:
        outputs = {"DecisionUrl": "https://a.lambda-url.eu-west-1.on.aws/", "ApiFunctionArn": "arn:f"}
        cell = InstalledCell(HOME, "CREATE_COMPLETE", "1.0.0", wish.parameters, outputs, wish.tags)
        return CellFacts(HOME, cell, wish.template)

    def _listed(self, place: Place, gate: Gate) -> InstalledGate:
        status = "CURRENT" if gate.current else "OUTDATED"
        return InstalledGate(*place, gate.ou, status, "SUCCEEDED", "", "", "", gate.operation)


def joined(known: Known, account: str, homes: Mapping[str, str]) -> None:
    """Automatic deployment's part: the set's own settings, by an operation that is not ours."""
    known.organization = organization(homes)
    for region in ("us-east-1", HOME):
        known.gates[account, region] = Gate("r-root", known.content, {}, "aws-made-this-one")


def newer(**changes: Any) -> Parts:
    return replace(PARTS, version="1.1.0", **{"member_template": "member 1.1", **changes})
