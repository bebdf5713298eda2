"""D10: what an override names, when it is in force, what it lifts, and what becomes of that.

Who may make one is in ``test_d10_grants``.
"""

from datetime import timedelta
from typing import Any

import pytest

from org_gate.model.decision import Decision, decision_json
from org_gate.model.override import Override
from org_gate.model.request import Pipeline
from tests.unit.decision.builders import DEV, NOW, PROD, STRANGER, decided, event, override, policy, request

pytestmark = pytest.mark.contract("D10")

FREEZE = {"name": "peak", "from": "2026-03-01T00:00:00Z", "to": "2026-03-03T00:00:00Z"}
SECOND = timedelta(seconds=1)
ISSUE = event(arn="arn:issue")


def under(*overrides: Override, asks: Any = "/us-east-1", events: Any = ISSUE, **fields: Any) -> Decision:
    as_of = fields.pop("as_of", NOW)
    return decided(asks, events, policy({}, **fields), overrides=overrides, as_of=as_of)


def lifted(decision: Decision) -> list[str | None]:
    return [reason.override_id for reason in decision.reasons]


@pytest.mark.parametrize(
    ("accounts", "expected"), [([PROD], "warn"), ([DEV, PROD], "warn"), ([DEV], "block"), ([STRANGER], "block")]
)
def test_d10_accounts_are_those_of_the_target(accounts: list[str], expected: str) -> None:
    assert under(override(accounts=tuple(accounts))).verdict == expected
    asks = request(f"{PROD}/us-east-1", caller=DEV)
    assert under(override(accounts=tuple(accounts)), asks=asks).verdict == expected


@pytest.mark.parametrize(
    ("glob", "name", "expected"),
    [
        ("orders", "orders", "warn"),
        ("ord*", "orders", "warn"),
        ("Orders", "orders", "block"),  # case counts
        ("order", "orders", "block"),  # whole names
        ("*", None, "block"),  # D7: not known is not named
        ("*", "", "block"),
    ],
)
def test_d10_pipelines_are_globs_over_the_name_of_the_one_that_asks(glob: str, name: str | None, expected: str) -> None:
    asks = request("/us-east-1", f"{DEV}/us-east-1", pipeline=Pipeline(name=name))
    assert under(override(pipelines=("web", glob)), asks=asks).verdict == expected
    assert under(override(pipelines=("web", glob))).verdict == "block"  # no pipeline asks


@pytest.mark.parametrize(
    ("accounts", "pipeline", "expected"),
    [(PROD, "orders", "warn"), (DEV, "orders", "block"), (PROD, "web", "block"), (DEV, "web", "block")],
)
def test_d10_where_it_names_both_both_have_to_fit(accounts: str, pipeline: str, expected: str) -> None:
    asks = request("/us-east-1", pipeline=Pipeline(name="orders"))
    assert under(override(accounts=(accounts,), pipelines=(pipeline,)), asks=asks).verdict == expected


def test_d10_one_that_names_neither_names_nothing() -> None:
    assert under(override(), asks=request("/us-east-1", pipeline=Pipeline(name="orders"))).verdict == "block"


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (["arn:issue"], {"event": "o-1", "freeze": None, "stale": None}),
        (["freeze:peak"], {"event": None, "freeze": "o-1", "stale": None}),
        (["all"], {"event": "o-1", "freeze": "o-1", "stale": "o-1"}),
        (["arn:issue", "freeze:peak"], {"event": "o-1", "freeze": "o-1", "stale": None}),
        (["arn:iss*", "freeze:*", "peak", "stale", "freeze:all"], {"event": None, "freeze": None, "stale": None}),
    ],
)
def test_d10_what_it_lifts(events: list[str], expected: dict[str, str | None]) -> None:
    made = override(accounts=(PROD,), events=tuple(events))
    decision = under(made, freezes=[FREEZE], defaults={"on_stale": "block"}, as_of=None)
    assert {reason.kind: reason.override_id for reason in decision.reasons} == expected
    assert decision.verdict == ("warn" if all(expected.values()) else "block")


def test_d10_an_arn_is_lifted_in_each_of_its_regions() -> None:
    decision = under(
        override(accounts=(PROD,), events=("arn:issue",)), events=(ISSUE, event(arn="arn:issue", region="global"))
    )
    assert (lifted(decision), decision.verdict) == (["o-1", "o-1"], "warn")


def test_d10_a_hint_is_no_event_and_stays() -> None:
    decision = under(override(accounts=(PROD,)), asks="/us-east-1/NOPE")
    assert [(reason.kind, reason.override_id) for reason in decision.reasons] == [("event", "o-1"), ("hint", None)]


@pytest.mark.parametrize(
    ("created", "expires", "revoked", "expected"),
    [
        (NOW, NOW + SECOND, None, "warn"),
        (NOW + SECOND, NOW + 2 * SECOND, None, "block"),
        (NOW - SECOND, NOW, None, "block"),
        (NOW - SECOND, NOW + SECOND, None, "warn"),
        (NOW - SECOND, NOW + SECOND, NOW, "block"),
    ],
)
def test_d10_in_force_from_its_making_up_to_its_end_unless_revoked(
    created: Any, expires: Any, revoked: Any, expected: str
) -> None:
    made = override(accounts=(PROD,), created_at=created, expires_at=expires, revoked_at=revoked)
    decision = under(made)
    assert (decision.verdict, decision.targets[0].overridden) == (expected, expected == "warn")


def test_d10_it_ends_mid_flight() -> None:
    made = override(accounts=(PROD,), expires_at=NOW + 10 * SECOND)
    verdicts = [decided("/us-east-1", ISSUE, overrides=[made], now=NOW + after * SECOND).verdict for after in (9, 10)]
    assert verdicts == ["warn", "block"]


def test_d10_a_lifted_reason_keeps_its_verdict_and_counts_as_a_warning() -> None:
    decision = under(override(accounts=(PROD,)))
    body = decision_json(decision, "d-1")
    assert [(reason["verdict"], reason["override_id"]) for reason in body["reasons"]] == [("block", "o-1")]
    assert (body["verdict"], body["would_be"], body["targets"][0]["overridden"]) == ("warn", "warn", True)


def test_d10_a_warning_that_is_lifted_stays_a_warning() -> None:
    rules = policy({"verdict": "warn"})
    decision = decided("/us-east-1", ISSUE, rules, overrides=[override(accounts=(PROD,))])
    assert (decision.verdict, lifted(decision)) == ("warn", ["o-1"])


def test_d10_what_a_rule_allows_is_not_raised_to_a_warning() -> None:
    decision = decided("/us-east-1", ISSUE, policy({"verdict": "allow"}), overrides=[override(accounts=(PROD,))])
    assert (decision.verdict, decision.would_be, lifted(decision)) == ("allow", "allow", ["o-1"])


def test_d10_reasons_of_other_targets_and_other_reasons_stay() -> None:
    asks = request("/us-east-1", f"{DEV}/us-east-1")
    decision = under(override(accounts=(PROD,)), asks=asks)
    assert [(reason.target, reason.override_id) for reason in decision.reasons] == [(0, "o-1"), (1, None)]
    assert (decision.verdict, [judged.overridden for judged in decision.targets]) == ("block", [True, False])
    other = under(override(accounts=(PROD,), events=("arn:issue",)), events=(ISSUE, event(arn="arn:other")))
    assert (lifted(other), other.verdict) == (["o-1", None], "block")


def test_d10_an_override_of_one_event_does_not_make_a_target_overridden() -> None:
    decision = under(override(accounts=(PROD,), events=("arn:issue", "freeze:peak")))
    assert (decision.verdict, decision.targets[0].overridden) == ("warn", False)


def test_d10_the_pipelines_own_ground_is_a_target_as_any() -> None:
    asks = request(f"{DEV}/eu-west-1", pipeline=Pipeline(name="orders", region="us-east-1"))
    sts = event(service="STS")
    assert under(override(accounts=(DEV,)), asks=asks, events=sts).verdict == "block"
    assert under(override(accounts=(PROD,)), asks=asks, events=sts).verdict == "warn"
    assert under(override(pipelines=("orders",)), asks=asks, events=sts).verdict == "warn"


@pytest.mark.parametrize("flip", [1, -1])
def test_d10_of_several_the_one_made_first_is_named(flip: int) -> None:
    late = override(id="o-0", accounts=(PROD,), created_at=NOW - SECOND)
    early = override(id="o-9", accounts=(PROD,), events=("arn:issue",), created_at=NOW - 2 * SECOND)
    twin = override(id="o-8", accounts=(PROD,), created_at=NOW - 2 * SECOND)
    assert lifted(under(*[late, early][::flip])) == ["o-9"]
    assert lifted(under(*[early, twin][::flip])) == ["o-8"]


@pytest.mark.contract("D13")
def test_d13_staleness_is_lifted_where_one_names_every_target_the_pipelines_ground_too() -> None:
    asks = request(f"{DEV}/us-east-1", pipeline=Pipeline(name="orders", region="us-east-1"))
    dev, prod = override(id="o-1", accounts=(DEV,)), override(id="o-2", accounts=(PROD,), created_at=NOW)
    both = override(id="o-3", accounts=(DEV, PROD), created_at=NOW)
    named = override(accounts=(DEV, PROD), events=("arn:issue",))

    def stale(*overrides: Override) -> tuple[str, str, str | None]:
        decision = under(*overrides, asks=asks, events=(), defaults={"on_stale": "block"}, as_of=None)
        (reason,) = decision.reasons
        assert (reason.kind, reason.verdict) == ("stale", "block")
        return decision.verdict, decision.would_be, reason.override_id

    assert stale() == stale(dev) == stale(prod) == stale(dev, named) == ("block", "block", None)
    assert stale(prod, dev) == ("block", "block", None), "one override has to name them all"
    assert stale(dev, both) == stale(dev, prod, both) == ("warn", "warn", "o-3")
    earlier = override(id="o-4", accounts=(DEV, PROD), created_at=NOW - SECOND)
    assert stale(both, earlier) == stale(earlier, both) == ("warn", "warn", "o-4"), "the one made first"


@pytest.mark.contract("D11")
def test_d11_an_exempt_request_stays_allowed_and_its_reasons_say_what_lifts_them() -> None:
    decision = under(override(accounts=(PROD,)), exempt=[{"accounts": [PROD]}])
    assert (decision.verdict, decision.would_be, lifted(decision)) == ("allow", "allow", ["o-1"])


@pytest.mark.contract("D12")
def test_d12_what_enforce_would_have_said_counts_the_override_as_well() -> None:
    milder = under(override(accounts=(PROD,), events=("arn:issue",)), mode="shadow")
    assert (milder.verdict, milder.would_be, milder.mode) == ("warn", "warn", "shadow")
    other = under(override(accounts=(PROD,), events=("arn:other",)), mode="shadow")
    assert (other.verdict, other.would_be) == ("warn", "block")


@pytest.mark.contract("D16")
def test_d16_one_more_override_never_raises_a_verdict() -> None:
    asks = request("/us-east-1", f"{DEV}/us-east-1")
    made = [override(id="o-1", accounts=(PROD,)), override(id="o-2", accounts=(DEV,)), override(id="o-3")]
    verdicts = [under(*made[:number], asks=asks).verdict for number in range(4)]
    assert verdicts == ["block", "block", "warn", "warn"]


HOSTILE = "fix\x1b[31m it\r\nFORGED"


def test_d10_the_reason_says_whose_override_lifts_it_until_when_and_why() -> None:
    made = override(accounts=(PROD,), reason=HOSTILE, ticket="INC-7")
    (reason,) = under(made).reasons
    assert reason.explanation.endswith(
        f"Override o-1 of arn:aws:sts::{PROD}:assumed-role/Dev/anna lifts it until 2026-03-02T12:55:00Z, so it counts "
        "as a warning (ticket INC-7): fix [31m it FORGED."
    )
    (warning,) = decided("/us-east-1", ISSUE, policy({"verdict": "warn"}), overrides=[made]).reasons
    assert "names it as well, until 2026-03-02T12:55:00Z (ticket INC-7)" in warning.explanation
    assert "lifted" not in decided("/us-east-1", ISSUE, policy({"verdict": "warn"}), overrides=[made]).summary


def test_d10_the_summary_says_what_was_lifted_and_hangs_on_what_was_not() -> None:
    made = override(accounts=(PROD,), events=("arn:issue",))
    head = "RDS in us-east-1: issue, open since 2026-03-02T11:00:00Z (rule rule-0)"
    assert under(made).summary == (
        f"Allowed with a warning: {head}, lifted by override o-1 until 2026-03-02T12:55:00Z."
    )
    other = event(arn="arn:other", service="S3")
    assert under(made, events=(ISSUE, other)).summary == (f"Blocked: {head.replace('RDS', 'S3')}, and 1 more reason.")
    assert under(override(accounts=(PROD,)), events=(), freezes=[FREEZE]).summary == (
        "Allowed with a warning: freeze peak from 2026-03-01T00:00:00Z until 2026-03-03T00:00:00Z, lifted by override "
        "o-1 until 2026-03-02T12:55:00Z."
    )


def test_d10_what_blocks_is_named_even_where_it_is_beyond_the_hundred_that_are_shown() -> None:
    many = [event(arn=f"arn:{number:03}") for number in range(100)]
    made = override(accounts=(PROD,), events=tuple(one.arn for one in many))
    decision = under(made, events=(*many, event(arn="arn:zzz", service="S3")))
    assert (decision.verdict, decision.reasons_omitted) == ("block", 1)
    assert set(lifted(decision)) == {"o-1"}
    assert decision.summary.startswith("Blocked: S3 in us-east-1")
