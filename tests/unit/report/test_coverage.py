"""Shares and gaps of what was seen."""

from org_gate.report.coverage import AccountSeen, Coverage, PipelineSeen, Unread
from org_gate.report.coverage_stages import Standing


def one(standing: Standing, name: str = "orders") -> PipelineSeen:
    return PipelineSeen("eu-west-1", name, standing, None, "")


def account(number: int, ou: str = "Prod", **given: object) -> AccountSeen:
    known: dict[str, object] = {"account": f"{number:012}", "name": f"a{number}", "ou": ou, "gates": ("eu-west-1",)}
    return AccountSeen(**{**known, **given})  # type: ignore[arg-type]  # as given by the tests


def coverage(*accounts: AccountSeen) -> Coverage:
    return Coverage("o-1", ("eu-west-1",), accounts)


def test_shares_are_of_what_was_read_and_rounded_down() -> None:
    gated = tuple(one(Standing.GATED, f"p{number}") for number in range(199))
    found = coverage(
        account(1, pipelines=(*gated, one(Standing.LATE))),
        account(2, gates=(), unread=(Unread("", "", "no way in"),)),
        account(3, "Dev"),
        account(4, "Sandbox", left_out="it is suspended", gates=()),
    )
    assert [(share.ou, share.accounts, share.with_gate, share.unread, share.pipelines, share.gated, share.percent)
            for share in found.shares] == [("Dev", 1, 1, 0, 0, 0, None), ("Prod", 2, 1, 1, 200, 199, 99)]  # fmt: skip
    assert (found.total.accounts, found.total.percent) == (3, 99)


def test_gaps_are_accounts_regions_and_pipelines_of_those_that_are_looked_at() -> None:
    assert not coverage(account(1, pipelines=(one(Standing.GATED),)), account(2, gates=(), left_out="x")).has_gaps
    for gap in (
        account(1, gates=()),
        account(1, without_gate=("us-east-1",)),
        account(1, pipelines=(one(Standing.UNGATED),)),
        account(1, pipelines=(one(Standing.LATE),)),
    ):
        assert coverage(account(2), gap).has_gaps


def test_what_was_not_read_is_no_gap_and_not_covered() -> None:
    found = coverage(account(1, unread=(Unread("eu-west-1", "", "busy"),)))
    assert not found.has_gaps
    assert [(each.account, lost.cause) for each, lost in found.not_read()] == [("000000000001", "busy")]
    assert found.total.percent is None
