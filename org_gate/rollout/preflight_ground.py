"""What a preflight stands on: the settings, whose credentials these are, and facts that several checks ask for.

Reads only, and each fact once, when it is first asked for. What AWS does not tell is an AwsRefusedError for whoever
asked: the other facts stay to be had.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import boto3
from botocore.exceptions import ClientError

from org_gate.inventory.errors import AwsRefusedError, MismatchError, asking_aws
from org_gate.inventory.organization import Organization, OrgMember, read_organization
from org_gate.inventory.settings import Settings
from org_gate.inventory.targets import Scope, active, gate_scope

HEALTH: Final = "health.amazonaws.com"
STACKSETS: Final = "member.org.stacksets.cloudformation.amazonaws.com"
GLOBAL_REGION: Final = "us-east-1"
"""Where services that have no Region are asked."""
_NOT_REGISTERED: Final = "AccountNotRegisteredException"
_NO_ORGANIZATION: Final = "AWSOrganizationsNotInUseException"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose credentials these are."""

    account: str
    arn: str


class Ground:
    """What the checks ask. Made by ``ground_of``."""

    def __init__(
        self, session: boto3.Session, settings: Settings, caller: Caller, health_regions: Callable[[], tuple[str, ...]]
    ) -> None:
        self.session = session
        self.settings = settings
        self.caller = caller
        self._health_regions = health_regions
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, region: str = GLOBAL_REGION) -> Any:
        """A client of the service in a Region, kept: making one costs more than using it."""
        if (service, region) not in self._clients:
            client = self.session.client(service, region_name=region)  # type: ignore[call-overload]  # any service
            self._clients[service, region] = client
        return self._clients[service, region]

    @property
    def central(self) -> str:
        """The account id of the settings."""
        return self.settings.central.account

    @property
    def home(self) -> str:
        """The home Region."""
        return self.settings.central.region

    @property
    def is_central(self) -> bool:
        """Whether these are credentials of the central account."""
        return self.caller.account == self.central

    @cached_property
    def is_management(self) -> bool:
        """Whether they are the management account's."""
        described = self.described
        return described is not None and described["MasterAccountId"] == self.caller.account

    @cached_property
    def call_as(self) -> Mapping[str, str]:
        """What calls about StackSets have to say."""
        return {"CallAs": "SELF" if self.is_management else "DELEGATED_ADMIN"}

    @cached_property
    def described(self) -> Mapping[str, Any] | None:
        """The organization as AWS Organizations describes it to any of its accounts; None where there is none."""
        with asking_aws("read which organization this is"):
            try:
                described: Mapping[str, Any] = self.client("organizations").describe_organization()["Organization"]
            except ClientError as error:
                if error.response["Error"]["Code"] == _NO_ORGANIZATION:
                    return None
                raise
        return described

    @cached_property
    def tree(self) -> Organization:
        """OUs and accounts, for the management account and delegated administrators."""
        return read_organization(self.client("organizations"))

    @cached_property
    def trusted(self) -> frozenset[str]:
        """The services that have trusted access to the organization."""
        with asking_aws("read which services have trusted access"):
            pager = self.client("organizations").get_paginator("list_aws_service_access_for_organization")
            pages = list(pager.paginate())
        return frozenset(each["ServicePrincipal"] for page in pages for each in page["EnabledServicePrincipals"])

    @cached_property
    def delegated(self) -> frozenset[str]:
        """The services for which the central account is a delegated administrator."""
        with asking_aws(f"read what account {self.central} is delegated administrator for"):
            pager = self.client("organizations").get_paginator("list_delegated_services_for_account")
            try:
                pages = list(pager.paginate(AccountId=self.central))
            except ClientError as error:
                if error.response["Error"]["Code"] == _NOT_REGISTERED:
                    return frozenset()
                raise
        return frozenset(each["ServicePrincipal"] for page in pages for each in page["DelegatedServices"])

    @cached_property
    def scope(self) -> Scope | None:
        """Whom the gates go to; None where the settings name what does not exist, which is a finding of its own."""
        try:
            return gate_scope(self.tree, self.settings.gates)
        except MismatchError:
            return None

    @property
    def members(self) -> tuple[OrgMember, ...]:
        """The accounts that can get a gate."""
        return () if self.scope is None else active(self.scope.members)

    @property
    def members_if_seen(self) -> tuple[OrgMember, ...]:
        """The same for what is worth looking at without them: none where these credentials may not see them."""
        try:
            return self.members
        except AwsRefusedError:
            return ()

    @cached_property
    def own_regions(self) -> Mapping[str, str]:
        """Region → its state in the caller's account, as AWS Account Management names it."""
        return self.regions_of(None)

    def regions_of(self, account: str | None) -> dict[str, str]:
        """The same in another account; not for everybody to see."""
        whose = {} if account is None else {"AccountId": account}
        with asking_aws(f"read the Regions of account {account or self.caller.account}"):
            pages = list(self.client("account").get_paginator("list_regions").paginate(**whose))
        return {each["RegionName"]: each["RegionOptStatus"] for page in pages for each in page["Regions"]}

    def health(self) -> Iterator[Any]:
        """Clients of AWS Health where it may answer, the likeliest first."""
        for region in self._health_regions():
            yield self.client("health", region)


def ground_of(session: boto3.Session, settings: Settings, health_regions: Callable[[], tuple[str, ...]]) -> Ground:
    """Raises AwsRefusedError where there are no credentials that work: then nothing can be found out."""
    region = settings.central.region
    with asking_aws("find out whose credentials these are"):
        answer = session.client("sts", region_name=region).get_caller_identity()
    return Ground(session, settings, Caller(answer["Account"], answer["Arn"]), health_regions)
