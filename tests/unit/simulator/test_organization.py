from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from org_gate.simulator.moto_ground import HEALTH_PRINCIPAL, STACKSETS_PRINCIPAL
from org_gate.simulator.organization import AccountSpec, Organization
from tests.unit.simulator.doors import CENTRAL, CLOSED, MANAGEMENT, ORDERS, START, Doors, opened


@pytest.fixture(name="doors", scope="module")
def _doors() -> Iterator[Doors]:
    with opened() as doors:
        yield doors


@pytest.mark.parametrize("reader", [MANAGEMENT, CENTRAL])
def test_management_and_the_delegated_administrator_read_the_whole_tree(doors: Doors, reader: str) -> None:
    organizations = doors.client("organizations", reader)
    pages = organizations.get_paginator("list_accounts").paginate(PaginationConfig={"PageSize": 1})
    accounts = {account["Id"]: account["Status"] for page in pages for account in page["Accounts"]}
    assert accounts == {MANAGEMENT: "ACTIVE", ORDERS: "ACTIVE", CENTRAL: "ACTIVE", CLOSED: "SUSPENDED"}
    root = organizations.list_roots()["Roots"][0]["Id"]
    names = []
    parent = root
    while True:
        below = organizations.list_organizational_units_for_parent(ParentId=parent)["OrganizationalUnits"]
        if not below:
            break
        names.append(below[0]["Name"])
        parent = below[0]["Id"]
    assert names == ["Workloads", "Prod", "Shop"]
    assert organizations.list_tags_for_resource(ResourceId=ORDERS)["Tags"] == [{"Key": "tier", "Value": "1"}]


def test_a_member_reads_only_which_organization_it_is_in(doors: Doors) -> None:
    member = doors.client("organizations", ORDERS)
    assert member.describe_organization()["Organization"]["MasterAccountId"] == MANAGEMENT
    for read in (member.list_accounts, member.list_roots, member.list_delegated_administrators):
        with pytest.raises(ClientError, match="AccessDenied"):
            read()


def test_a_delegated_administrator_only_reads(doors: Doors) -> None:
    central = doors.client("organizations", CENTRAL)
    with pytest.raises(ClientError, match="AccessDenied"):
        central.create_organizational_unit(ParentId=doors.org.root_id, Name="Mine")
    with pytest.raises(ClientError, match="Member must have value less than or equal to 20"):
        central.list_accounts(MaxResults=21)


def test_delegation_and_trusted_access_are_there_under_awss_principals(doors: Doors) -> None:
    organizations = doors.client("organizations", MANAGEMENT)
    for principal in (HEALTH_PRINCIPAL, STACKSETS_PRINCIPAL):
        admins = organizations.list_delegated_administrators(ServicePrincipal=principal)["DelegatedAdministrators"]
        assert [admin["Id"] for admin in admins] == [CENTRAL]
        assert doors.org.is_delegated(CENTRAL, principal)
        assert not doors.org.is_delegated(ORDERS, principal)
        assert doors.org.has_trusted_access(principal)
    assert not doors.org.has_trusted_access("ram.amazonaws.com")


def test_the_view_knows_depth_status_and_parents(doors: Doors) -> None:
    assert [(one.id, one.status) for one in doors.org.accounts()] == [
        (MANAGEMENT, "ACTIVE"),
        (ORDERS, "ACTIVE"),
        (CLOSED, "SUSPENDED"),
        (CENTRAL, "ACTIVE"),
    ]
    assert doors.org.accounts_below(doors.org.root_id) == (MANAGEMENT, ORDERS, CLOSED, CENTRAL)
    workloads = next(one.parent_id for one in doors.org.accounts() if one.id == CLOSED)
    assert doors.org.accounts_below(workloads) == (ORDERS, CLOSED)
    path = doors.org.path_of(ORDERS)
    assert path is not None
    assert path.startswith(f"{doors.org.id}/{doors.org.root_id}/{workloads}/ou-")
    assert doors.org.path_of("000000000000") is None


def test_created_accounts_have_the_access_role_and_management_has_not(doors: Doors) -> None:
    for account, there in ((MANAGEMENT, False), (ORDERS, True)):
        names = [role["RoleName"] for role in doors.client("iam", account).list_roles()["Roles"]]
        assert ("OrganizationAccountAccessRole" in names) is there
    keys = doors.session(MANAGEMENT, f"arn:aws:iam::{ORDERS}:role/OrganizationAccountAccessRole")
    assert doors.client("dynamodb", keys).list_tables()["TableNames"] == []


@pytest.mark.parametrize(
    ("accounts", "administrator"),
    [([ORDERS, ORDERS], ORDERS), ([ORDERS], CENTRAL), ([MANAGEMENT], MANAGEMENT), ([ORDERS], MANAGEMENT)],
)
def test_an_impossible_organization_is_refused(accounts: list[str], administrator: str) -> None:
    with pytest.raises(ValueError, match="must be a member"):
        Organization.build(
            management=MANAGEMENT,
            ou_paths=[],
            accounts=[AccountSpec(account, "x") for account in accounts],
            delegated_administrator=administrator,
            start=START,
        )
