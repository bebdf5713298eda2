"""Reading the organization: real Organizations calls against moto."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from org_gate.inventory.errors import MismatchError
from org_gate.inventory.organization import read_organization, topmost

ACCOUNT = "123456789012"  # whose moto takes every caller for


@pytest.fixture(autouse=True)
def _aws() -> Iterator[None]:
    with mock_aws():
        yield


def test_accounts_are_found_at_any_depth_and_their_tags_only_where_asked_for() -> None:
    client = boto3.client("organizations")
    client.create_organization(FeatureSet="ALL")
    root = client.list_roots()["Roots"][0]["Id"]
    unit = root
    for name in ("Workloads", "Prod"):
        unit = client.create_organizational_unit(ParentId=unit, Name=name)["OrganizationalUnit"]["Id"]
    tags = [{"Key": "tier", "Value": "1"}]
    ids = [
        client.create_account(AccountName=f"a{number}", Email=f"a{number}@example.com", Tags=tags)[
            "CreateAccountStatus"
        ]["AccountId"]
        for number in range(2)
    ]
    client.move_account(AccountId=ids[0], SourceParentId=root, DestinationParentId=unit)
    found = {each: member.account for each, member in read_organization(client).members.items()}
    assert set(found) == {*ids, ACCOUNT}
    assert (found[ids[0]].ou_path, found[ids[1]].ou_path) == ("Workloads/Prod", "")
    assert (found[ids[0]].ou_ids[0], found[ids[0]].ou_ids[-1], len(found[ids[0]].ou_ids)) == (root, unit, 3)
    assert found[ids[0]].tags is None
    assert read_organization(client, tags=True).members[ids[0]].account.tags == {"tier": "1"}


def test_ou_paths_become_ids() -> None:
    client = boto3.client("organizations")
    client.create_organization(FeatureSet="ALL")
    root = client.list_roots()["Roots"][0]["Id"]

    def unit(parent: str, name: str) -> str:
        made = client.create_organizational_unit(ParentId=parent, Name=name)
        return str(made["OrganizationalUnit"]["Id"])

    workloads, platform = unit(root, "Workloads"), unit(root, "Platform")
    production = unit(workloads, "Prod")
    ids = {"": root, "Workloads": workloads, "Platform": platform, "Workloads/Prod": production}
    organization = read_organization(client)
    for paths, expected in (
        (["Workloads", ""], [""]),
        (["Workloads/Prod", "Platform"], ["Platform", "Workloads/Prod"]),
        (["Workloads/Prod", "Workloads", "Workloads"], ["Workloads"]),
    ):
        assert [unit.id for unit in topmost(map(organization.unit, paths))] == [ids[path] for path in expected]
    with pytest.raises(MismatchError, match=r"no OU 'Workloads/prod': below Workloads there is Prod\."):
        organization.unit("Workloads/prod")
    with pytest.raises(MismatchError, match=r"directly below the root there is Platform, Workloads\."):
        organization.unit("Sandbox/Prod")
