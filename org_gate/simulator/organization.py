"""The organization: accounts with the scenario's own ids, OUs at any depth, delegated administrators, access keys.

It lives in moto's Organizations and IAM, so that any client sees it; this module builds it and answers what other
parts ask of it. Who may read it is decided here too, because moto lets a member read an empty one of its own.
"""

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import Any, Final, Self

import moto.organizations.utils
from moto.iam.models import iam_backends
from moto.organizations.models import organizations_backends

from org_gate.simulator import refusals
from org_gate.simulator.base import AwsError, Call, OrgAccount
from org_gate.simulator.moto_ground import HEALTH_PRINCIPAL, STACKSETS_PRINCIPAL
from org_gate.simulator.rebind import rebound

ADMINISTRATOR: Final = "administrator"
ACCESS_ROLE: Final = "OrganizationAccountAccessRole"
_FULL_ACCESS: Final = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
_JOINED_BEFORE: Final = timedelta(days=365)
_MEMBERS_MAY: Final = ("DescribeOrganization",)
_FOUNDING: Final = "CreateOrganization"
_READS: Final = ("Describe", "List")


@dataclass(frozen=True, slots=True)
class AccountSpec:
    """A member account to be. ``ou_path`` is names below the root joined by ``/``; empty means the root itself."""

    id: str
    name: str
    ou_path: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    status: str = "ACTIVE"


class Organization:
    """A built organization (``base.OrgView``). Everything is read from moto, so it may change meanwhile."""

    def __init__(self, management: str, access_keys: dict[str, tuple[str, str]]) -> None:
        self.management = management
        self.access_keys = access_keys
        """Account id → (access key id, secret access key) of a user with administrator rights; later ones join."""
        backend = organizations_backends[management]["aws"]
        self.id: str = backend.org.id
        self.root_id: str = backend.org.root_id

    @classmethod
    def build(
        cls,
        *,
        management: str,
        ou_paths: Iterable[str],
        accounts: Sequence[AccountSpec],
        delegated_administrator: str | None,
        start: datetime,
    ) -> Self:
        """Inside ``moto_ground``. Without a delegated administrator, no service has trusted access either.

        Raises ValueError where an id is there twice or the administrator is no member.
        """
        ids = [management, *(account.id for account in accounts)]
        if len(set(ids)) != len(ids) or delegated_administrator not in (None, *ids[1:]):
            msg = f"accounts must differ, and {delegated_administrator} must be a member: {', '.join(ids)}"
            raise ValueError(msg)
        _create(management, accounts)
        _place(management, ou_paths, accounts)
        _date(management, start)
        if delegated_administrator is not None:
            _delegate(management, delegated_administrator)
        return cls(management, {account: administrator_key(account) for account in ids})

    @property
    def _backend(self) -> Any:
        return organizations_backends[self.management]["aws"]

    def accounts(self) -> tuple[OrgAccount, ...]:
        """All accounts, the management account included, in order of id."""
        found = sorted(self._backend.accounts, key=lambda account: account.id)
        return tuple(OrgAccount(one.id, one.name, one.status, one.parent_id) for one in found)

    def accounts_below(self, parent_id: str) -> tuple[str, ...]:
        """Ids of the accounts below a root or OU at any depth, in order, suspended and management included.

        Raises KeyError where there is no such root or OU.
        """
        if parent_id != self.root_id and all(ou.id != parent_id for ou in self._backend.ou):
            raise KeyError(parent_id)
        parents = set(self._below(parent_id))
        return tuple(account.id for account in self.accounts() if account.parent_id in parents)

    def is_member(self, account: str) -> bool:
        return any(one.id == account for one in self._backend.accounts)

    def is_active(self, account: str) -> bool:
        return any(one.id == account and one.status == "ACTIVE" for one in self._backend.accounts)

    def is_delegated(self, account: str, service_principal: str) -> bool:
        admins = self._backend.admins
        return any(admin.account.id == account and service_principal in admin.services for admin in admins)

    def has_trusted_access(self, service_principal: str) -> bool:
        return any(service["ServicePrincipal"] == service_principal for service in self._backend.services)

    def enable_trusted_access(self, service_principal: str) -> None:
        self._backend.enable_aws_service_access(ServicePrincipal=service_principal)

    def disable_trusted_access(self, service_principal: str) -> None:
        self._backend.disable_aws_service_access(ServicePrincipal=service_principal)

    def parent_of(self, account: str) -> str | None:
        """The id of the root or OU it is in; None for a stranger."""
        return next((str(one.parent_id) for one in self._backend.accounts if one.id == account), None)

    def has_parent(self, parent_id: str) -> bool:
        return any(ou.id == parent_id for ou in self._backend.ou)

    def create_account(self, params: Mapping[str, Any], now: datetime) -> Any:
        """Makes an account at the root, with a role for the management account and an administrator; moto's object.

        ``params`` are CreateAccount's. Its id follows from how many there are, so that runs are alike.
        """
        backend, account = self._backend, self._next_id()
        with rebound(moto.organizations.utils, "make_random_account_id", lambda: account):
            backend.create_account(**params)
        made = backend.get_account_by_id(account)
        newest = max(one.create_time for one in backend.accounts if one is not made)
        made.create_time = max(now.replace(tzinfo=None), newest + timedelta(seconds=1))
        role = params.get("RoleName", ACCESS_ROLE)
        iam_backends[account]["aws"].put_role_policy(role, "AdministratorAccess", _FULL_ACCESS)
        self.access_keys[account] = administrator_key(account)
        return made

    def _next_id(self) -> str:
        """Of an account that nobody has had."""
        seeds = (f"{self.id}/{number}" for number in count(len(self.access_keys)))
        ids = (str(2 * 10**11 + int(sha256(seed.encode()).hexdigest(), 16) % 10**11) for seed in seeds)
        return next(one for one in ids if one not in self.access_keys)

    def move_account(self, account: str, destination: str) -> None:
        self._backend.move_account(
            AccountId=account, SourceParentId=self.parent_of(account), DestinationParentId=destination
        )

    def close_account(self, account: str) -> None:
        self._backend.close_account(AccountId=account)

    def remove_account(self, account: str) -> None:
        """It goes on by itself, with all that is in it."""
        self._backend.remove_account_from_organization(AccountId=account)

    def register_administrator(self, account: str, service_principal: str) -> None:
        self._backend.register_delegated_administrator(AccountId=account, ServicePrincipal=service_principal)

    def is_administrator(self, account: str) -> bool:
        """Whether it is registered for any service."""
        return any(admin.account.id == account for admin in self._backend.admins)

    def delegated_for(self, service_principal: str) -> tuple[str, ...]:
        """The accounts that are registered for a service."""
        return tuple(admin.account.id for admin in self._backend.admins if service_principal in admin.services)

    def has_policies(self, kind: str) -> bool:
        """Whether any policy of the kind is there at all."""
        return any(policy.type == kind for policy in self._backend.policies)

    def path_of(self, account: str) -> str | None:
        """``o-…/r-…/ou-…/``, as ``aws:PrincipalOrgPaths`` spells it; None for a stranger."""
        parents = {ou.id: ou.parent_id for ou in self._backend.ou}
        step = next((one.parent_id for one in self._backend.accounts if one.id == account), None)
        if step is None:
            return None
        path: list[str] = []
        while step is not None:
            path.insert(0, step)
            step = parents.get(step)
        return "/".join([self.id, *path, ""])

    def backend_account(self, call: Call, protocol: str) -> str:
        """Whose Organizations backend answers: the management account's also for delegated administrators' reads.

        Raises AwsError where AWS would not let the caller.
        """
        caller = call.caller.account
        if not self.is_member(caller) and call.operation != _FOUNDING and not organizations_backends[caller]["aws"].org:
            raise AwsError("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
        if caller == self.management or not self.is_member(caller) or call.operation in _MEMBERS_MAY:
            return caller
        if self.is_administrator(caller) and call.operation.startswith(_READS):
            return self.management
        raise refusals.denied("organizations", protocol, "You don't have permissions to access this resource.")

    def _below(self, parent_id: str) -> Iterator[str]:
        yield parent_id
        for ou in self._backend.ou:
            if ou.parent_id == parent_id:
                yield from self._below(ou.id)


def administrator_key(account: str) -> tuple[str, str]:
    """Makes a user with administrator rights in an account (of the organization or not): (key id, secret).

    The same account always gets the same key.
    """
    backend = iam_backends[account]["aws"]
    backend.create_user("us-east-1", ADMINISTRATOR)
    backend.put_user_policy(ADMINISTRATOR, "full-access", _FULL_ACCESS)
    key = backend.create_access_key(ADMINISTRATOR)
    del backend.access_keys[key.access_key_id]
    digest = sha256(f"org-gate simulator {account}".encode()).digest()
    key.access_key_id = "AKIA" + base64.b32encode(digest[:10]).decode()
    key.secret_access_key = base64.b64encode(sha256(digest).digest()[:30]).decode()
    backend.access_keys[key.access_key_id] = key
    return key.access_key_id, key.secret_access_key


def _create(management: str, accounts: Sequence[AccountSpec]) -> None:
    """Where moto would draw account ids at random, it draws ours, in order."""
    backend = organizations_backends[management]["aws"]
    ids = iter([management, *(account.id for account in accounts)])
    with rebound(moto.organizations.utils, "make_random_account_id", lambda: next(ids)):
        backend.create_organization(region="us-east-1", FeatureSet="ALL")
        for account in accounts:
            tags = [{"Key": key, "Value": value} for key, value in account.tags.items()]
            email = f"aws+{account.id}@example.com"
            backend.create_account(AccountName=account.name, Email=email, Tags=tags)
    iam_backends[management]["aws"].delete_role(ACCESS_ROLE)  # AWS has it in created accounts only
    for account in accounts:
        iam_backends[account.id]["aws"].put_role_policy(ACCESS_ROLE, "AdministratorAccess", _FULL_ACCESS)


def _place(management: str, ou_paths: Iterable[str], accounts: Sequence[AccountSpec]) -> None:
    backend = organizations_backends[management]["aws"]
    root = backend.org.root_id
    ous: dict[str, str] = {"": root}
    for path in (*ou_paths, *(account.ou_path for account in accounts)):
        _ensure(backend, path, ous)
    for account in accounts:
        backend.move_account(AccountId=account.id, SourceParentId=root, DestinationParentId=ous[account.ou_path])
        if account.status == "SUSPENDED":
            backend.close_account(AccountId=account.id)


def _ensure(backend: Any, path: str, ous: dict[str, str]) -> None:
    if path in ous:
        return
    above, _, name = path.rpartition("/")
    _ensure(backend, above, ous)
    made = backend.create_organizational_unit(Name=name, ParentId=ous[above])
    ous[path] = made["OrganizationalUnit"]["Id"]


def _date(management: str, start: datetime) -> None:
    """Joined a year before the start, a second apart: moto pages accounts by that moment."""
    joined = (start - _JOINED_BEFORE).replace(tzinfo=None)
    for number, account in enumerate(organizations_backends[management]["aws"].accounts):
        account.create_time = joined + timedelta(seconds=number)


def _delegate(management: str, administrator: str) -> None:
    backend = organizations_backends[management]["aws"]
    for principal in (HEALTH_PRINCIPAL, STACKSETS_PRINCIPAL):
        backend.enable_aws_service_access(ServicePrincipal=principal)
        backend.register_delegated_administrator(AccountId=administrator, ServicePrincipal=principal)
