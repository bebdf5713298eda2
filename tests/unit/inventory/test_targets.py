"""Which accounts get a gate, by which OUs, in which wave."""

import pytest

from org_gate.inventory.errors import MismatchError
from org_gate.inventory.organization import Organization, OrgMember, OrgUnit
from org_gate.inventory.settings import Central, Gates, Settings, Wave, Without
from org_gate.inventory.settings_fields import REST
from org_gate.inventory.targets import gate_scope, waves_of
from org_gate.model.event import Account

MANAGEMENT = "100000000001"
PATHS = ("", "Platform", "Workloads", "Workloads/Dev", "Workloads/Prod", "Workloads/Prod/Core")
HOMES = {
    MANAGEMENT: "",
    "222222222201": "Platform",
    "222222222202": "Workloads",
    "222222222203": "Workloads/Dev",
    "222222222204": "Workloads/Prod",
    "222222222205": "Workloads/Prod/Core",
}
UNITS = {path: f"ou-root-{index:08d}" if path else "r-root" for index, path in enumerate(PATHS)}


def ids(path: str) -> tuple[str, ...]:
    names = path.split("/") if path else []
    return tuple(UNITS["/".join(names[:depth])] for depth in range(len(names) + 1))


def organization() -> Organization:
    units = {UNITS[path]: OrgUnit(path, ids(path)) for path in PATHS}
    members = {each: OrgMember(Account(each, path, ids(path)), "name", "ACTIVE") for each, path in HOMES.items()}
    return Organization("o-abcdefghij", MANAGEMENT, units, members)


def gates(*ous: str, without: Without | None = None) -> Gates:
    return Gates(regions=("us-east-1",), ous=ous, without=without or Without())


@pytest.mark.parametrize(
    ("wanted", "units", "parents", "accounts"),
    [
        (gates(""), [""], [], "12345"),
        (gates("Workloads", "Workloads/Prod"), ["Workloads"], [], "2345"),
        (gates(UNITS["Platform"]), ["Platform"], [], "1"),
        (gates("", without=Without(ous=("Workloads/Prod",))), ["Platform", "Workloads/Dev"], ["Workloads"], "123"),
        (
            gates("Workloads", without=Without(accounts=("222222222205",))),
            ["Workloads/Dev"],
            ["Workloads", "Workloads/Prod"],
            "234",
        ),
        (gates("Platform", without=Without(ous=("Workloads",))), ["Platform"], [], "1"),
        (gates("Workloads/Dev", without=Without(ous=("Workloads",))), [], [], ""),
    ],
)
def test_ous_are_covered_by_as_few_as_possible_and_nothing_that_is_out(
    wanted: Gates, units: list[str], parents: list[str], accounts: str
) -> None:
    scope = gate_scope(organization(), wanted)
    assert [unit.path for unit in scope.units] == units
    assert [unit.path for unit in scope.parents] == parents
    assert "".join(account.id[-1] for account in scope.accounts) == accounts


def test_an_account_is_in_the_first_wave_that_names_it_and_the_rest_comes_last() -> None:
    settings = Settings(
        central=Central(account="222222222201", region="eu-west-1"),
        gates=gates("Workloads"),
        waves=(Wave(name="canary", ous=("Workloads/Dev", "Platform")), Wave(name="two", ous=("Workloads/Prod",))),
    )
    waves = waves_of(organization(), settings, gate_scope(organization(), settings.gates))
    found = {wave.name: "".join(member.account.id[-1] for member in wave.members) for wave in waves}
    assert found == {"canary": "3", "two": "45", REST: "2"}


@pytest.mark.parametrize("without", [Without(ous=("Workload",)), Without(accounts=("333333333333",))])
def test_what_does_not_exist_is_refused(without: Without) -> None:
    with pytest.raises(MismatchError, match="nothing was rolled out"):
        gate_scope(organization(), gates("", without=without))
