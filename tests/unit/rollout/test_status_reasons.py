"""CloudFormation's reasons in words."""

import pytest

from org_gate.rollout.status_reasons import in_words

EXEC = "arn:aws:sts::111122223333:assumed-role/stacksets-exec-0123/x"


@pytest.mark.parametrize(
    ("said", "begins"),
    [
        ("Cancelled since failure tolerance has exceeded", "the operation stopped before it came here"),
        ("Account 111122223333 is suspended", "the account is suspended"),
        (
            f"User: {EXEC} is not authorized to perform iam:CreateRole: an explicit deny in a service control policy",
            "a service control policy of the organization forbids it",
        ),
        (f"User: {EXEC} is not authorized to perform: lambda:CreateFunction", "something in the account forbids it"),
        (
            "Account 111122223333 should have 'stacksets-exec-0123' role with trust relationship to Role 'x'",
            "StackSets cannot get into the account",
        ),
        ("Region me-south-1 is not enabled in account 111122223333", "the Region is not enabled"),
        ("The security token included in the request is invalid", "the Region is not enabled"),
        (
            "ResourceLogicalId:Role, ResourceStatusReason:org-gate-gate-eu-west-1 already exists in stack arn:aws:…",
            "something of the same name is there already",
        ),
        ("Resource handler returned message: EntityAlreadyExists", "something of the same name is there already"),
        (
            "Scope ARN: arn:aws:iam::111122223333:policy/limits does not exist or is not attachable.",
            "the permissions boundary of the settings is not there",
        ),
        ("LimitExceeded: Cannot exceed quota for RolesPerAccount: 1000", "a quota of the account is used up"),
        ("Rate exceeded (Service: Lambda, Status Code: 429)", "AWS was too busy"),
        ("Template error: instance of Fn::GetAtt references undefined resource", "CloudFormation does not take"),
        ("Stack is in ROLLBACK_FAILED state and can not be updated", "its stack is stuck"),
        ("", "CloudFormation gives no reason"),
    ],
)
@pytest.mark.aws_unverified("how StackSets and the services behind them word their reasons")
def test_what_is_known_is_translated(said: str, begins: str) -> None:
    assert in_words(said).startswith(begins)


def test_what_is_not_known_is_shown_without_the_account_so_that_equal_troubles_are_one() -> None:
    assert in_words("Odd:\n  111122223333 has it") == in_words("Odd: 444455556666 has it") == "Odd: ACCOUNT has it"
