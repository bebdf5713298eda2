"""What each account's gate gets, by the policy and by where the account is."""

from typing import Any

import pytest

from org_gate.inventory.errors import MismatchError
from org_gate.model.event import Account
from org_gate.policy.load import policy_from_data
from org_gate.rollout.gates import MAX_EXEMPT, depend_on_tags, gate_settings

DEV = Account("111122223333", "Workloads/Dev", ("r-1", "ou-w", "ou-dev"), {"tier": "3"})
PROD = Account("222233334444", "Workloads/Prod/Core", ("r-1", "ou-w", "ou-prod", "ou-core"), {"tier": "1"})
UNREAD = Account("333344445555", "Sandbox", ("r-1", "ou-s"))
DEVELOPMENT = {"ous": ["Workloads/Dev/**"]}


def settings(account: Account | None, **policy: Any) -> dict[str, str]:
    return gate_settings(policy_from_data({"version": 1, **policy}), account).parameters()


def mode(account: Account | None, *modes: Any, **policy: Any) -> tuple[str, str]:
    found = settings(account, modes=[{"targets": targets, "mode": name} for targets, name in modes], **policy)
    return found["Mode"], found["OnUnknown"]


def exempt(account: Account | None, *filters: Any) -> str:
    return settings(account, exempt=list(filters))["ExemptPipelines"]


@pytest.mark.contract("D14")
def test_unknown_blocks_only_where_the_policy_enforces() -> None:
    assert settings(DEV) == {"Mode": "enforce", "OnUnknown": "block", "ExemptPipelines": "{}"}
    assert settings(DEV, defaults={"on_unknown": "warn"})["OnUnknown"] == "warn"
    assert settings(DEV, mode="warn")["OnUnknown"] == "allow"
    assert settings(DEV, mode="shadow", defaults={"on_unknown": "warn"})["OnUnknown"] == "allow"


@pytest.mark.contract("D14", "D12")
def test_the_mode_is_the_accounts_by_the_first_that_fits() -> None:
    rules = [(DEVELOPMENT, "shadow"), ({"accounts": [PROD.id]}, "warn"), ({"ous": ["ou-w"]}, "enforce")]
    assert mode(DEV, *rules) == ("shadow", "allow")
    assert mode(PROD, *rules) == ("warn", "allow")
    assert mode(UNREAD, *rules, mode="warn") == ("warn", "allow")
    assert mode(UNREAD, *rules) == ("enforce", "block")
    assert mode(DEV, ({}, "warn"), (DEVELOPMENT, "shadow")) == ("warn", "allow")


@pytest.mark.contract("D7")
@pytest.mark.parametrize("further", [{"regions": ["eu-west-1"]}, {"services": ["ECS"]}, {"pipelines": ["dev-*"]}])
def test_what_looks_beyond_the_account_gives_the_stricter_of_both_ways(further: dict[str, Any]) -> None:
    partly = {**DEVELOPMENT, **further}
    assert mode(DEV, (partly, "shadow")) == ("enforce", "block")
    assert mode(DEV, (partly, "shadow"), (DEVELOPMENT, "warn")) == ("warn", "allow")
    assert mode(DEV, (partly, "enforce"), (DEVELOPMENT, "shadow")) == ("enforce", "block")
    assert mode(PROD, (partly, "enforce"), mode="shadow") == ("shadow", "allow")


@pytest.mark.contract("D7")
def test_what_is_not_known_gives_the_stricter_of_both_ways() -> None:
    tier = {"tags": {"tier": ["3"]}}
    assert mode(DEV, (tier, "shadow")) == ("shadow", "allow")
    assert mode(PROD, (tier, "shadow")) == ("enforce", "block")
    assert mode(UNREAD, (tier, "shadow")) == ("enforce", "block")
    for targets in (tier, DEVELOPMENT, {"accounts": [DEV.id]}):
        assert mode(None, (targets, "shadow")) == ("enforce", "block")
        assert mode(None, (targets, "enforce"), mode="shadow") == ("enforce", "block")
    assert mode(None, ({}, "warn")) == ("warn", "allow")


@pytest.mark.contract("D11")
def test_exempt_are_the_globs_of_the_filters_that_fit_the_account() -> None:
    filters = [{**DEVELOPMENT, "pipelines": ["b-*", "a,b"]}, {"pipelines": ["*-failover"]}]
    assert exempt(DEV, *filters) == '{"*":["*-failover","a,b","b-*"]}'
    assert exempt(PROD, *filters) == exempt(None, *filters) == '{"*":["*-failover"]}'
    assert exempt(DEV, DEVELOPMENT) == '{"*":["*"]}'
    assert exempt(DEV, {**DEVELOPMENT, "pipelines": ["*"]}) == '{"*":["?*"]}'


@pytest.mark.contract("D7", "D11")
def test_exempt_is_only_what_is_certain() -> None:
    assert exempt(DEV, {"services": ["ECS"], "pipelines": ["a"]}) == "{}"
    assert exempt(UNREAD, {"tags": {"tier": ["3"]}, "pipelines": ["a"]}) == "{}"
    assert exempt(None, {"accounts": [DEV.id], "pipelines": ["a"]}) == "{}"
    by_region = {"regions": ["us-east-1", "eu-west-1"], "pipelines": ["a"]}
    assert exempt(DEV, by_region, {"regions": ["eu-west-1"], "pipelines": ["b"]}, {"pipelines": ["c"]}) == (
        '{"*":["c"],"eu-west-1":["a","b"],"us-east-1":["a"]}'
    )


def test_it_stays_small_and_plain() -> None:
    assert exempt(DEV, {"pipelines": ['"ü', "a\\b"]}) == r'{"*":["\"\u00fc","a\\b"]}'
    with pytest.raises(MismatchError, match=f"of {MAX_EXEMPT} that fit"):
        exempt(DEV, {"pipelines": [f"{number:0>200}" for number in range(11)]})


def test_tags_are_read_only_where_they_count() -> None:
    def needed(**policy: Any) -> bool:
        return depend_on_tags(policy_from_data({"version": 1, **policy}))

    tier = {"tags": {"tier": ["1"]}}
    rule = {"name": "r", "targets": tier, "verdict": "warn"}
    assert not needed(rules=[rule], exempt=[{"pipelines": ["a"]}])
    assert needed(exempt=[tier])
    assert needed(modes=[{"targets": tier, "mode": "warn"}])
