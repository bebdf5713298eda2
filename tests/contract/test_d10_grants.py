"""D10, D7: which overrides are refused, and how far an account may break the glass for itself."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from org_gate.decision.grants import override_refusal
from org_gate.model.event import Account
from tests.unit.decision.builders import ACCOUNTS, DEV, NOW, PROD, STRANGER, override, policy

pytestmark = pytest.mark.contract("D10")

CENTRAL = "999988887777"
TREE = {**ACCOUNTS, PROD: replace(ACCOUNTS[PROD], tags={"tier": "1"})}
PROD_MAY = [{"targets": {"ous": ["Workloads/Prod/**"]}, "max": "1h"}]


def refused(
    caller: str = PROD,
    *,
    grants: Any = (),
    lasts: timedelta = timedelta(hours=1),
    tree: dict[str, Account] = TREE,
    fields: dict[str, Any] | None = None,
    **made: Any,
) -> tuple[str, str] | None:
    """By default the caller asks for an hour for itself."""
    made = {"accounts": (caller,), "created_at": NOW, "expires_at": NOW + lasts, **made}
    rules = policy(override_grants=grants, **(fields or {}))
    refusal = override_refusal(override(account=caller, **made), tree.get(caller), rules, central_account=CENTRAL)
    return None if refusal is None else (refusal.kind, refusal.detail)


def kind(*args: Any, **kwargs: Any) -> str | None:
    refusal = refused(*args, **kwargs)
    return None if refusal is None else refusal[0]


@pytest.mark.parametrize("caller", [CENTRAL, PROD])
def test_d10_one_that_names_neither_accounts_nor_pipelines_is_invalid(caller: str) -> None:
    found = refused(caller, accounts=(), grants=PROD_MAY)
    assert found == (
        "invalid",
        "The override names neither accounts nor pipelines, so it would lift nothing. Name one or both.",
    )


@pytest.mark.parametrize("caller", [CENTRAL, PROD])
def test_d10_one_that_lasts_longer_than_max_override_is_invalid(caller: str) -> None:
    grants = [{"targets": {}, "max": "9h"}]
    assert kind(caller, lasts=timedelta(hours=4), grants=grants) is None
    found = refused(caller, lasts=timedelta(hours=4, seconds=1), grants=grants)
    assert found == (
        "invalid",
        (
            "The override lasts 14401s; the policy's max_override is 4h. Ask for at most that, and make another one "
            "when it is over."
        ),
    )
    assert kind(caller, lasts=timedelta(minutes=6), grants=grants, fields={"max_override": "5m"}) == "invalid"


@pytest.mark.parametrize(
    ("wanted", "ticket", "expected"),
    [
        ("", None, None),
        ("", "whatever", None),
        ("INC-*", "INC-7", None),
        ("INC-*", "inc-7", "invalid"),
        ("INC-*", None, "invalid"),
        ("INC-*", "", "invalid"),
        ("*", "", "invalid"),
    ],
)
def test_d10_a_ticket_where_the_policy_asks_for_one(wanted: str, ticket: str | None, expected: str | None) -> None:
    assert kind(CENTRAL, ticket=ticket, fields={"override_ticket": wanted}) == expected


def test_d10_a_ticket_that_is_wrong_is_told_with_what_it_should_look_like() -> None:
    _, detail = refused(CENTRAL, ticket="CHG-1\x1b", fields={"override_ticket": "INC-*"}) or ("", "")
    assert detail == (
        "The ticket CHG-1 does not look like one; the policy's override_ticket asks for one like INC-*. Name the "
        "ticket it is for."
    )


def test_d10_the_central_account_may_override_anything() -> None:
    assert kind(CENTRAL, accounts=(PROD, STRANGER)) is None
    assert kind(CENTRAL, accounts=(), pipelines=("*",)) is None


@pytest.mark.parametrize(
    ("accounts", "pipelines", "expected"),
    [
        ((PROD,), (), None),
        ((PROD, PROD), (), None),
        ((PROD,), ("*",), None),
        ((DEV,), (), "forbidden"),
        ((PROD, DEV), (), "forbidden"),
        ((), ("orders",), "forbidden"),
    ],
)
def test_d10_an_account_may_override_for_itself_alone(
    accounts: tuple[str, ...], pipelines: tuple[str, ...], expected: str | None
) -> None:
    grants = [{"targets": {}, "max": "1h"}]
    assert kind(PROD, accounts=accounts, pipelines=pipelines, grants=grants) == expected


@pytest.mark.contract("D7")
@pytest.mark.parametrize(
    ("caller", "targets", "expected"),
    [
        (PROD, {}, None),
        (PROD, {"accounts": [PROD]}, None),
        (PROD, {"accounts": [DEV]}, "forbidden"),
        (PROD, {"ous": ["Workloads/Prod/**"]}, None),
        (PROD, {"ous": ["Workloads/Dev/**"]}, "forbidden"),
        (PROD, {"tags": {"tier": ["1"]}}, None),
        (PROD, {"tags": {"tier": ["2"]}}, "forbidden"),
        (PROD, {"accounts": [PROD], "ous": ["Workloads/Dev/**"]}, "forbidden"),
        (DEV, {"tags": {"tier": ["1"]}}, "forbidden"),  # its tags were not read
        (STRANGER, {"ous": ["**"]}, "forbidden"),  # it is not in the tree
        (STRANGER, {}, None),
        (PROD, {"regions": ["us-east-1", "global"]}, "forbidden"),  # an override names no Region,
        (PROD, {"services": ["RDS"]}, "forbidden"),  # and no service
    ],
)
def test_d10_as_far_as_a_grant_surely_fits(caller: str, targets: dict[str, Any], expected: str | None) -> None:
    assert kind(caller, grants=[{"targets": targets, "max": "1h"}]) == expected


@pytest.mark.parametrize(
    ("granted", "named", "expected"),
    [
        (["orders-*"], ("orders-eu",), None),
        (["orders-*"], ("orders-*",), None),
        (["web", "orders-*"], ("orders-eu", "web"), None),
        (["orders-*"], ("orders-eu", "web"), "forbidden"),
        (["orders-*"], ("orders-eu-*",), "forbidden"),  # perhaps within it, not surely
        (["orders-*"], ("*",), "forbidden"),
        (["orders-?"], ("orders-[a]",), "forbidden"),
        (["Orders"], ("orders",), "forbidden"),
        (["*"], (), "forbidden"),  # it is for every pipeline, those without a name among them
    ],
)
def test_d10_a_grant_for_pipelines_covers_those_alone(
    granted: list[str], named: tuple[str, ...], expected: str | None
) -> None:
    assert kind(PROD, pipelines=named, grants=[{"targets": {"pipelines": granted}, "max": "1h"}]) == expected


@pytest.mark.parametrize(
    ("lasts", "expected"), [(timedelta(hours=2), None), (timedelta(hours=2, seconds=1), "forbidden")]
)
def test_d10_the_longest_of_the_grants_that_fit_counts(lasts: timedelta, expected: str | None) -> None:
    longer = [{"targets": {"accounts": [PROD]}, "max": "2h"}, *PROD_MAY, {"targets": {"accounts": [DEV]}, "max": "3h"}]
    assert kind(PROD, lasts=lasts, grants=longer) == expected


def test_d10_who_asks_for_too_long_is_told_how_long_it_may() -> None:
    shorter = {"targets": {}, "max": "10m"}
    assert refused(PROD, lasts=timedelta(minutes=90), grants=[shorter, *PROD_MAY, shorter]) == (
        "forbidden",
        (
            f"Account {PROD} may override for itself for at most 1h, and asks for 90m. Ask for less, or have the "
            "platform team override."
        ),
    )


def test_d10_who_has_no_grant_is_told_the_entry_to_add() -> None:
    found = refused(PROD, lasts=timedelta(minutes=30))
    assert found == (
        "forbidden",
        (
            f"The policy lets account {PROD} make no such override. Have the platform team override, or add this entry "
            f'to override_grants in the policy: {{"targets": {{"accounts": ["{PROD}"]}}, "max": "30m"}}'
        ),
    )
    _, stranger = refused(STRANGER, grants=PROD_MAY) or ("", "")
    assert "which is not in the organization tree that was read" in stranger


def test_d10_the_entry_that_is_named_is_enough() -> None:
    assert kind(STRANGER, pipelines=("a*",), lasts=timedelta(minutes=30)) == "forbidden"
    entry = {"targets": {"accounts": [STRANGER]}, "max": "30m"}
    assert kind(STRANGER, pipelines=("a*",), lasts=timedelta(minutes=30), grants=[entry]) is None


def test_d10_a_grant_that_cannot_fit_stands_in_the_way_of_none_below_it() -> None:
    elsewhere = {"targets": {"regions": ["us-east-1"]}, "max": "1h"}
    for_others = {"targets": {"pipelines": ["web"]}, "max": "1h"}
    assert kind(PROD, grants=[elsewhere, for_others, *PROD_MAY]) is None
