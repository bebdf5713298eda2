"""The condition keys of a request. A key that is known may be absent; a key that is not known is an error."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from org_gate.simulator.iam.documents import UnsupportedPolicyError

KNOWN_KEYS: Final = frozenset(
    {
        "aws:currenttime",
        "aws:epochtime",
        "aws:multifactorauthpresent",
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalisawsservice",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:principalservicename",
        "aws:principaltype",
        "aws:requestedregion",
        "aws:resourceaccount",
        "aws:resourceorgid",
        "aws:securetransport",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceorgid",
        "aws:sourceowner",
        "aws:userid",
        "aws:username",
        "aws:viaawsservice",
        "cloudwatch:namespace",
        "iam:passedtoservice",
        "kms:viaservice",
        "lambda:functionarn",
        "lambda:functionurlauthtype",
        "lambda:invokedviafunctionurl",
        "organizations:serviceprincipal",
        "s3:prefix",
        "sns:endpoint",
        "sns:protocol",
        "sts:externalid",
        "sts:rolesessionname",
    },
)


@dataclass(frozen=True, slots=True)
class Context:
    """Key (in lower case) → values. What is left out is absent from the request."""

    present: Mapping[str, tuple[str, ...]]

    def values(self, key: str, place: str) -> tuple[str, ...]:
        """None at all where the request has no such key. Raises UnsupportedPolicyError for an unknown key."""
        if key not in KNOWN_KEYS:
            raise UnsupportedPolicyError(f"{place}: the simulator does not know the condition key {key!r}")
        return self.present.get(key, ())

    def plus(self, more: Mapping[str, Iterable[str]]) -> "Context":
        """With further keys. Raises ValueError for a key that is not in ``KNOWN_KEYS``."""
        added = {key.lower(): tuple(values) for key, values in more.items()}
        if unknown := sorted(set(added) - KNOWN_KEYS):
            msg = f"not among the known condition keys: {', '.join(unknown)}"
            raise ValueError(msg)
        return Context({**self.present, **added})
