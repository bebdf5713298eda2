"""Random pipeline definitions: gates among builds, approvals and deployments into Regions and accounts (S2, G4).

Held back, because the contract leaves it open: two gates at once in one stage, a gate in another Region than its
pipeline's, and providers that deploy to one service under a name that the contract does not list.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

KINDS = (
    ("Deploy", "AWS", "ECS"),
    ("Deploy", "AWS", "S3"),
    ("Deploy", "AWS", "EKS"),
    ("Deploy", "AWS", "ElasticBeanstalk"),
    ("Deploy", "AWS", "AppConfig"),
    ("Deploy", "AWS", "CloudFormation"),
    ("Deploy", "AWS", "CloudFormationStackSet"),
    ("Deploy", "AWS", "ServiceCatalog"),
    ("Deploy", "AWS", "Ship"),
    ("Build", "AWS", "CodeBuild"),
    ("Test", "AWS", "CodeBuild"),
    ("Compute", "AWS", "Commands"),
    ("Invoke", "AWS", "Lambda"),
    ("Invoke", "AWS", "StepFunctions"),
    ("Build", "Custom", "Jenkins"),
    ("Deploy", "Custom", "ECS"),
    ("Approval", "AWS", "Manual"),
)
BOUND = KINDS[:5]


@dataclass
class Definitions:
    """Makes them for one account; ``parameters`` makes a gate's own."""

    rng: Random
    account: str
    others: Sequence[str]
    regions: Sequence[str]
    parameters: Callable[[], Any]
    gates_in_one_stage: bool
    """Whether a stage may have a second gate after its first."""

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def make(self) -> dict[str, Any]:
        stages = [self._stage("Source", [self._action("Source", ("Source", "AWS", "S3"))])]
        gates = self.rng.choice((1, 1, 1, 2, 3))
        for number in range(gates):
            stages += [self._plain(f"Before{number}")] if self.chance(0.3) else []
            stages.append(self._stage(f"Gate{number}", self._around_a_gate()))
        for number in range(self.rng.choice((0, 1, 1, 2, 3))):
            stages.append(self._plain(f"After{number}"))
        return {"stages": stages}

    def _stage(self, name: str, actions: list[dict[str, Any]]) -> dict[str, Any]:
        self.rng.shuffle(actions)
        return {"name": name, "actions": actions}

    def _plain(self, name: str) -> dict[str, Any]:
        return self._stage(name, [self._any_action(f"{name}-{number}", 1) for number in range(self.rng.randint(1, 3))])

    def _around_a_gate(self) -> list[dict[str, Any]]:
        at = self.rng.choice((1, 1, 2))
        gates = [at, at + 2] if self.gates_in_one_stage and self.chance(0.3) else [at]
        others = range(self.rng.choice((0, 0, 1, 2, 3)))
        return [
            *(self._gate(order) for order in gates),
            *(self._any_action(f"Beside-{number}", self.rng.randint(1, 4)) for number in others),
        ]

    def _gate(self, order: int) -> dict[str, Any]:
        gate = self._action(f"Gate-{order}", ("Invoke", "AWS", "Lambda"), order)
        gate["configuration"] = {"FunctionName": "org-gate"}
        wanted = self.parameters()
        if wanted is not None:
            gate["configuration"]["UserParameters"] = wanted if isinstance(wanted, str) else json.dumps(wanted)
        return gate

    def _any_action(self, name: str, order: int) -> dict[str, Any]:
        action = self._action(name, self.rng.choice(BOUND if self.chance(0.5) else KINDS), order)
        if action["actionTypeId"]["provider"] == "Lambda":
            action["configuration"] = {"FunctionName": "smoke-test"}
        if self.chance(0.4):
            action["region"] = self.rng.choice(self.regions)
        if self.chance(0.3):
            account = self.account if self.chance(0.8) else self.rng.choice(self.others)
            action["roleArn"] = f"arn:aws:iam::{account}:role/deploy"
        return action

    def _action(self, name: str, kind: tuple[str, str, str], order: int = 1) -> dict[str, Any]:
        category, owner, provider = kind
        type_id = {"category": category, "owner": owner, "provider": provider, "version": "1"}
        return {"name": name, "actionTypeId": type_id} | ({"runOrder": order} if order != 1 or self.chance(0.5) else {})
