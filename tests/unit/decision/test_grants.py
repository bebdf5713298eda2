"""A pipeline's name is held against a grant's globs as a name, unless it is a glob itself."""

from datetime import timedelta

import pytest

from org_gate.decision.grants import override_refusal
from tests.unit.decision.builders import ACCOUNTS, NOW, PROD, override, policy


@pytest.mark.parametrize(
    ("named", "refused"),
    [("X-rays*", True), ("X-rays?", True), ("X-ray[s]", True), ("X-rays", False), ("X-rays]", False)],
)
def test_only_stars_question_marks_and_brackets_make_a_glob(named: str, refused: bool) -> None:  # noqa: FBT001  a column of the table
    rules = policy(override_grants=[{"targets": {"pipelines": ["X-*"]}, "max": "1h"}])
    made = override(accounts=(PROD,), pipelines=(named,), created_at=NOW, expires_at=NOW + timedelta(hours=1))
    refusal = override_refusal(made, ACCOUNTS[PROD], rules, central_account="999988887777")
    assert (refusal is not None) is refused
