"""Whether a target filter of the policy fits a target and the pipeline that asks (P3, P4, D7).

Each condition goes by the name of its field in the policy, so that an explanation can tell them apart.
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from operator import itemgetter
from typing import Final

from org_gate.decision.fit import Answer, all_of, known, unknown
from org_gate.decision.words import plain
from org_gate.model.event import Account
from org_gate.model.request import Pipeline, Target
from org_gate.policy.model import TargetFilter
from org_gate.policy.services import ServiceNames

_ANSWER: Final = itemgetter(1)


def target_fits(
    wanted: TargetFilter,
    target: Target,
    pipeline: Pipeline | None,
    accounts: Mapping[str, Account],
    names: ServiceNames,
) -> Answer:
    """``target`` is a resolved one (D5c)."""
    return all_of(map(_ANSWER, target_conditions(wanted, target, pipeline, accounts, names)))


def target_conditions(
    wanted: TargetFilter,
    target: Target,
    pipeline: Pipeline | None,
    accounts: Mapping[str, Account],
    names: ServiceNames,
) -> Iterator[tuple[str, Answer]]:
    """Each field that ``wanted`` names, and whether it fits."""
    if wanted.accounts:
        yield "accounts", known(target.account in wanted.accounts)
    if wanted.ous:
        yield "ous", _ous(wanted.ous, accounts.get(target.account), target.account)
    if wanted.tags:
        yield "tags", _tags(wanted.tags, accounts.get(target.account), target.account)
    if wanted.regions:
        yield "regions", known(target.region in wanted.regions)
    if wanted.services:
        yield "services", _services(names.all(wanted.services), target)
    if wanted.pipelines:
        yield "pipelines", _pipelines(wanted.pipelines, pipeline)


def ou_fits(pattern: str, account: Account) -> bool:
    """An id stands for the OU and all below it; ``**`` for any number of whole names, none included (P4)."""
    if pattern.startswith(("ou-", "r-")):
        return pattern in account.ou_ids
    return _path_fits(_names(pattern), _names(account.ou_path))


def _ous(patterns: tuple[str, ...], account: Account | None, account_id: str) -> Answer:
    if account is None:
        return unknown(f"account {plain(account_id)} is not in the organization tree")
    return known(any(ou_fits(pattern, account) for pattern in patterns))


def _tags(wanted: Mapping[str, tuple[str, ...]], account: Account | None, account_id: str) -> Answer:
    if account is None:
        return unknown(f"account {plain(account_id)} is not in the organization tree")
    if account.tags is None:
        return unknown(f"the tags of account {plain(account_id)} were not read")
    tags = account.tags
    return known(all(tags.get(key) in values for key, values in wanted.items()))


def _services(wanted: frozenset[str], target: Target) -> Answer:
    if not target.services:
        return unknown("the target lists no services")
    return known(not wanted.isdisjoint(target.services))


def _pipelines(globs: tuple[str, ...], pipeline: Pipeline | None) -> Answer:
    if pipeline is None or not pipeline.name:
        return unknown("the request names no pipeline")
    name = pipeline.name
    return known(any(fnmatchcase(name, glob) for glob in globs))


def _names(path: str) -> tuple[str, ...]:
    return tuple(path.split("/")) if path else ()


def _path_fits(pattern: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Row by row over the pattern, so that many ``**`` cost no more than pattern times path."""
    reachable = {0}
    for name in pattern:
        if name == "**":
            reachable = set(range(min(reachable), len(path) + 1))
        else:
            reachable = {at + 1 for at in reachable if at < len(path) and fnmatchcase(path[at], name)}
        if not reachable:
            return False
    return len(path) in reachable
