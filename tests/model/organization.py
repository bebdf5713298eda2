"""The organization of the model: three accounts, and pipelines whose gates ask in every way there is."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from org_gate.simulator.scenario.definition import declaration
from tests.model.policies import PLATFORM
from tests.model.truth import Aim, Question
from tests.unit.central.collecting import ORDERS, FakeOrganizations
from tests.unit.central.collecting import WEB as PAYMENTS
from tests.unit.central.support import CENTRAL as CENTRAL_ACCOUNT

MANAGEMENT: Final = "100000000001"
CENTRAL: Final = CENTRAL_ACCOUNT
ACCOUNTS: Final = (ORDERS, PAYMENTS, CENTRAL)
EAST, WEST = "us-east-1", "eu-west-1"


@dataclass(frozen=True)
class Pipeline:
    """``parameters`` are its gate's; ``aims`` what that comes to by G2 and G4."""

    name: str
    account: str
    region: str
    aims: tuple[Aim, ...]
    parameters: Mapping[str, Any] | None = None

    @property
    def question(self) -> Question:
        ground = Aim(self.account, self.region, PLATFORM)
        return Question(self.name, self.account, (*self.aims, ground))

    @property
    def holds(self) -> bool:
        return self.parameters is not None and self.parameters.get("on_block") == "hold"

    def declaration(self) -> dict[str, Any]:
        text = None if self.parameters is None else json.dumps(self.parameters)
        return declaration(self.name, self.account, self.region, None, text)


PIPELINES: Final = {
    one.name: one
    for one in (
        Pipeline("orders", ORDERS, EAST, (Aim(ORDERS, EAST),)),
        Pipeline(
            "web",
            ORDERS,
            WEST,
            (Aim(ORDERS, WEST, ("S3",)), Aim(ORDERS, EAST, ("ECS", "RDS"))),
            {"targets": [f"{ORDERS}/{WEST}/S3", f"/{EAST}/ECS+RDS"], "on_block": "hold", "hold_for": "4m"},
        ),
        Pipeline(
            "payments",
            PAYMENTS,
            EAST,
            (Aim(PAYMENTS, EAST, ("EC2",)),),
            {"targets": [f"{PAYMENTS}/{EAST}/EC2"]},
        ),
        Pipeline(
            "payments-failover",
            PAYMENTS,
            WEST,
            (Aim(PAYMENTS, WEST),),
            {"targets": [f"{PAYMENTS}/{WEST}"], "on_block": "hold", "hold_for": "8m"},
        ),
        Pipeline(
            "platform",
            CENTRAL,
            WEST,
            (Aim(ORDERS, EAST), Aim(PAYMENTS, WEST, ("RDS",))),
            {"targets": [f"{ORDERS}/{EAST}", f"{PAYMENTS}/{WEST}/RDS"]},
        ),
    )
}


def tree() -> FakeOrganizations:
    """AWS Organizations as the collector reads it."""
    made = FakeOrganizations()
    made.accounts["r-1"].append({"Id": CENTRAL})
    return made
