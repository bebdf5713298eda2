"""Preflight: whether what the settings name is there: OUs, accounts, Regions, and Regions in the member accounts.

Reads only. Regions that every account has need no look at the accounts; only those that an account has to opt in to
cost a call for each account, and only where these credentials may read that.
"""

from collections.abc import Iterator
from typing import Final

from org_gate.inventory.errors import AwsRefusedError, MismatchError
from org_gate.inventory.targets import waves_of
from org_gate.rollout.preflight_findings import Finding, Severity, Who, command, listed, refusal_of
from org_gate.rollout.preflight_ground import Ground

_BY_DEFAULT: Final = "ENABLED_BY_DEFAULT"
_ENABLED: Final = (_BY_DEFAULT, "ENABLED")
_UNDER_WAY: Final = ("ENABLING", "DISABLING")
_ACCOUNTS: Final = "account.amazonaws.com"
"""AWS Account Management, whose trusted access lets the organization see its accounts' Regions."""


def ous_and_accounts(ground: Ground) -> Iterator[Finding]:
    """That all that is named exists, and that somebody gets a gate."""
    missing = [*_missing(ground)]
    yield from missing
    yield from _central_account(ground)
    if missing or ground.scope is None:
        return
    if not ground.members:
        yield Finding(
            code="no-accounts",
            severity=Severity.STOPS,
            found="No account is left that gets a gate by gates.ous and gates.without.",
            means="A rollout would install nothing but the central part.",
            mend="Widen gates.ous or narrow gates.without in the settings; the management account never gets one.",
            who=Who.YOU,
        )
        return
    for wave in waves_of(ground.tree, ground.settings, ground.scope)[:-1]:
        if not wave.members:
            yield Finding(
                code="empty-wave",
                severity=Severity.WARNS,
                found=f"The wave {wave.name!r} has no account of its own.",
                means="Nothing tries a new version first where you meant something to.",
                mend="Name accounts or OUs that get a gate and are in no wave before, or take the wave out.",
                who=Who.YOU,
            )


def regions(ground: Ground) -> Iterator[Finding]:
    """That each Region of the settings exists and is enabled in the central account."""
    states = ground.own_regions
    for region in _central_and_gates(ground):
        state = states.get(region)
        if state is None:
            yield _no_such_region(ground, region, sorted(states))
        elif state not in _ENABLED:
            yield _not_enabled(ground, region, state)
    if ground.home == "us-east-1":
        yield Finding(
            code="home-us-east-1",
            severity=Severity.NOTE,
            found="The home Region is us-east-1.",
            means="Most large incidents are there: the gates would then wait for the standby, or for local answers.",
            mend="Choose another home Region if you can; keep a standby elsewhere if you cannot.",
            who=Who.YOU,
        )


def member_regions(ground: Ground) -> Iterator[Finding]:
    """That each gate Region which accounts have to opt in to is enabled in them."""
    states = ground.own_regions
    chosen = [region for region in ground.settings.gates.regions if states.get(region, _BY_DEFAULT) != _BY_DEFAULT]
    if not chosen:
        return
    lacking: dict[str, list[str]] = {region: [] for region in chosen}
    for member in ground.members:
        if member.account.id == ground.caller.account:
            continue
        try:
            own = ground.regions_of(member.account.id)
        except AwsRefusedError as error:
            if not refusal_of(error).is_denial:
                raise
            yield _members_unseen(chosen)
            return
        for region in chosen:
            if own.get(region) not in _ENABLED:
                lacking[region].append(member.account.id)
    yield from (_lacking(region, accounts) for region, accounts in lacking.items() if accounts)


def _missing(ground: Ground) -> Iterator[Finding]:
    settings = ground.settings
    places: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = [
        ("gates", settings.gates.ous, ()),
        ("gates.without", settings.gates.without.ous, settings.gates.without.accounts),
        *((f"waves[{number}]", wave.ous, wave.accounts) for number, wave in enumerate(settings.waves)),
    ]
    for place, ous, accounts in places:
        for number, written in enumerate(ous):
            try:
                ground.tree.unit(written)
            except MismatchError as error:
                yield _no_such("no-such-ou", f"{place}.ous[{number}]", str(error))
        for number, written in enumerate(accounts):
            try:
                ground.tree.member(written)
            except MismatchError as error:
                yield _no_such("no-such-account", f"{place}.accounts[{number}]", str(error))


def _no_such(code: str, place: str, message: str) -> Finding:
    """``message`` says what there is instead."""
    found, _, mend = message.partition(". ") if ". " in message else message.partition(": ")
    return Finding(
        code=code,
        severity=Severity.STOPS,
        found=f"{place}: {found}.",
        means="It is not known who should get a gate and who should not.",
        mend=f"Mend it in the settings. {mend}".strip(),
        who=Who.YOU,
    )


def _central_account(ground: Ground) -> Iterator[Finding]:
    if ground.central not in ground.tree.members:
        yield Finding(
            code="central-not-a-member",
            severity=Severity.STOPS,
            found=f"central.account {ground.central} is not in the organization {ground.tree.id}.",
            means="Only an account of the organization can be its delegated administrator.",
            mend="Mend central.account in the settings, or invite the account.",
            who=Who.YOU,
        )
    elif not ground.tree.members[ground.central].is_active:
        yield Finding(
            code="central-suspended",
            severity=Severity.STOPS,
            found=f"central.account {ground.central} is {ground.tree.members[ground.central].status}.",
            means="Nothing can run in it.",
            mend="Name another account, or have AWS Support open it again.",
            who=Who.YOU,
        )


def _central_and_gates(ground: Ground) -> list[str]:
    """The gate Regions only where the central account gets a gate itself."""
    gates = ground.settings.gates.regions
    own = any(member.account.id == ground.central for member in ground.members_if_seen)
    return list(dict.fromkeys((*ground.settings.central.regions, *(gates if own else ()))))


def _no_such_region(ground: Ground, region: str, there: list[str]) -> Finding:
    return Finding(
        code="no-such-region",
        severity=Severity.STOPS,
        found=f"AWS offers account {ground.central} no Region {region}.",
        means="Nothing can be installed there.",
        mend=f"Mend the settings. There are: {', '.join(there)}.",
        who=Who.YOU,
    )


def _not_enabled(ground: Ground, region: str, state: str) -> Finding:
    part = "central part" if region in ground.settings.central.regions else "central account's own gate"
    enable = () if state in _UNDER_WAY else (command("aws", "account", "enable-region", "--region-name", region),)
    return Finding(
        code="region-disabled",
        severity=Severity.STOPS,
        found=f"{region} is {state} in the central account {ground.central}.",
        means=f"The {part} cannot be installed there.",
        mend="Enable it, and wait: that takes minutes to hours." if enable else "Wait until that is done.",
        who=Who.CENTRAL,
        commands=enable,
    )


def _members_unseen(chosen: list[str]) -> Finding:
    return Finding(
        code="member-regions-unseen",
        severity=Severity.WARNS,
        found=f"Accounts have to opt in to {', '.join(chosen)}; whether they have could not be seen.",
        means="Where they have not, the stack of the gate fails, and only there.",
        mend="Give AWS Account Management trusted access and make the central account its delegated administrator; "
        "or look at the accounts in another way and leave it at that.",
        who=Who.MANAGEMENT,
        commands=(command("aws", "organizations", "enable-aws-service-access", "--service-principal", _ACCOUNTS),),
    )


def _lacking(region: str, accounts: list[str]) -> Finding:
    return Finding(
        code="member-region-disabled",
        severity=Severity.WARNS,
        found=f"{region} is not enabled in {len(accounts)} accounts that get a gate: {listed(accounts)}.",
        means="The stack of the gate fails there; pipelines cannot run there either.",
        mend="Enable it where pipelines are to run; leave the others out with gates.without.",
        who=Who.MANAGEMENT,
        commands=tuple(
            command("aws", "account", "enable-region", "--account-id", account, "--region-name", region)
            for account in accounts
        ),
    )
