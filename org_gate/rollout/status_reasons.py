"""CloudFormation's reasons for a gate that did not come up, in words: what it means, and what to do about it.

Texts of CloudFormation and of the services behind it, which say the same in many ways; what is not known here is shown
as it came. Pure.
"""

import re
from typing import Final

CANCELLED: Final = "the operation stopped before it came here: too many others failed. Mend those, and apply again"

_KNOWN: Final = (
    (
        r"failure tolerance|cancelled since|CANCELLED",
        CANCELLED,
    ),
    (
        r"suspended",
        "the account is suspended: nothing can be deployed there until AWS opens it again",
    ),
    (
        r"service control polic|explicit deny in an? (service|organization)|\bSCP\b",
        (
            "a service control policy of the organization forbids it: make an exception for the StackSets' execution "
            "role (stacksets-exec-*), and apply again"
        ),
    ),
    (
        (
            r"region.{0,40}(is )?(disabled|not enabled|not opted)|opt.?in|not subscribed|UnrecognizedClient|"
            r"security token included in the request is invalid"
        ),
        "the Region is not enabled in the account: enable it there, or take the Region out of gates.regions",
    ),
    (
        r"already exists|AlreadyExists",
        (
            "something of the same name is there already, of an earlier installation or made by hand: delete it in the "
            "account (a role org-gate-…, the function org-gate, the log group /aws/lambda/org-gate), and apply again"
        ),
    ),
    (
        r"boundary|not attachable",
        (
            "the permissions boundary of the settings is not there in the account: make a policy of that name, and "
            "apply again"
        ),
    ),
    (
        r"limit ?exceeded|quota|too many (stacks|roles|functions)|exceeded.*limit|limit.*exceeded",
        "a quota of the account is used up: have it raised in Service Quotas, and apply again",
    ),
    (
        r"throttl|rate exceeded|too many requests",
        "AWS was too busy: apply again",
    ),
    (
        (
            r"template (format )?error|template validation|unresolved resource|unrecognized resource type|"
            r"invalid template|parameter .* (must|failed)"
        ),
        (
            "CloudFormation does not take the template: apply again with a released version of org-gate, and report it "
            "if that does not help"
        ),
    ),
    (
        r"trust relationship|execution ?role|sts:AssumeRole",
        "StackSets cannot get into the account: switch trusted access for StackSets off and on again, and apply again",
    ),
    (
        r"not authorized|access ?denied|unauthorized",
        (
            "something in the account forbids it: let the StackSets' execution role (stacksets-exec-*) do it, and "
            "apply again"
        ),
    ),
    (
        r"(ROLLBACK|DELETE)_FAILED|cannot be updated|INOPERABLE",
        "its stack is stuck: delete the stack in the account, and apply again",
    ),
)
_PATTERNS: Final = tuple((re.compile(pattern, re.IGNORECASE | re.DOTALL), words) for pattern, words in _KNOWN)
_NO_REASON: Final = "CloudFormation gives no reason: look at the stack's events in the account, and apply again"
_NUMBERS: Final = re.compile(r"\b[0-9]{12}\b")


def in_words(said: str) -> str:
    """The reason in words that name no account, so that equal troubles read alike."""
    text = " ".join(said.split())
    if not text:
        return _NO_REASON
    for pattern, words in _PATTERNS:
        if pattern.search(text):
            return words
    return _NUMBERS.sub("ACCOUNT", text)
