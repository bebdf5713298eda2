"""An organization with a StackSet of gates and cells, as AWS's APIs list them, in pages."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from org_gate.inventory.settings import Settings
from tests.unit.rollout.accounts import CENTRAL, Answer, Aws, refused

MANAGEMENT = "100000000001"
ROOT, PROD = "r-root", "ou-root-prodprod"
PAGE = {"accounts": 20, "instances": 100}
REGIONS = ("eu-west-1", "us-east-1")


def settings(**gates: Any) -> Settings:
    central = {"account": CENTRAL, "region": "eu-west-1", "standby": ["eu-central-1"]}
    return Settings.model_validate({"central": central, "gates": {"regions": list(REGIONS), **gates}})


def member(number: int) -> str:
    return f"{200_000_000_000 + number}"


def instance(account: str, region: str, **changes: Any) -> dict[str, Any]:
    told = {"Account": account, "Region": region, "Status": "CURRENT", "OrganizationalUnitId": PROD}
    return {**told, "StackInstanceStatus": {"DetailedStatus": "SUCCEEDED"}, "StackId": "arn", **changes}


def failed(reason: str, status: str = "OUTDATED") -> dict[str, Any]:
    return {"Status": status, "StackInstanceStatus": {"DetailedStatus": "FAILED"}, "StatusReason": reason}


def organization(
    members: int,
    instances: Sequence[Mapping[str, Any]],
    answers: Mapping[str, Answer] | None = None,
    *,
    suspended: Sequence[str] = (),
) -> Aws:
    """``members`` accounts in OU Prod and the management account in the root; ``answers`` instead of those here."""
    active = [(member(number), "SUSPENDED" if member(number) in suspended else "ACTIVE") for number in range(members)]

    def accounts(_whose: str, _region: str, params: Mapping[str, Any]) -> Iterator[Any]:
        there = {ROOT: [(MANAGEMENT, "ACTIVE")], PROD: active}[params["ParentId"]]
        shown = [{"Id": account, "Name": f"name-{account[-3:]}", "Status": status} for account, status in there]
        return pages("Accounts", shown, PAGE["accounts"])

    def units(_whose: str, _region: str, params: Mapping[str, Any]) -> Iterator[Any]:
        children = [{"Id": PROD, "Name": "Prod"}] if params["ParentId"] == ROOT else []
        return pages("OrganizationalUnits", children, 20)

    described = {"Id": "o-1", "MasterAccountId": MANAGEMENT}
    template = "Description: >-\n org-gate 1.0.0, the gate of this account\n"
    known: dict[str, Answer] = {
        "organizations.describe_organization": lambda *_: {"Organization": described},
        "organizations.list_roots": lambda *_: {"Roots": [{"Id": ROOT}]},
        "organizations.list_organizational_units_for_parent": units,
        "organizations.list_accounts_for_parent": accounts,
        "cloudformation.describe_stack_set": lambda *_: {"StackSet": {"Status": "ACTIVE", "TemplateBody": template}},
        "cloudformation.list_stack_instances": lambda *_: pages("Summaries", instances, PAGE["instances"]),
        "cloudformation.describe_stacks": _cell,
    }
    return Aws({**known, **(answers or {})})


def _cell(_whose: str, region: str, _params: Mapping[str, Any]) -> Any:
    outputs = [{"OutputKey": "DecisionUrl", "OutputValue": f"https://abc.lambda-url.{region}.on.aws/"}]
    stack = {"StackStatus": "CREATE_COMPLETE", "Description": "org-gate 1.0.0, the central cell", "Outputs": outputs}
    return {"Stacks": [stack]}


def pages(name: str, items: Sequence[Any], size: int) -> Iterator[Any]:
    """One that is empty, where there are none."""
    for first in range(0, max(1, len(items)), size):
        yield {name: items[first : first + size]}


def no_stack_set(*_: Any) -> Any:
    raise refused("StackSetNotFoundException")
