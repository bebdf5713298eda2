"""What was counted of decisions, as rows: by OU, account, pipeline, rule, service, Region; and how long things took."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any, Final

from org_gate.report.build_bounds import NAME, TEXT, Bounds, bounded, first
from org_gate.report.build_decisions import Decided, PipelineKey
from org_gate.report.build_events import Happened, OfAccount, all_shown
from org_gate.report.build_tally import Tally, spread
from org_gate.report.build_tree import Tree
from org_gate.report.model import (
    UNKNOWN_OU,
    AccountRow,
    Decisions,
    OuRow,
    PipelineRow,
    RegionOutcomes,
    Rows,
    RuleOutcomes,
    ServiceOutcomes,
    Timings,
)
from org_gate.report.plain import cut, cut_if_any

_NONE: Final = OfAccount()


@dataclass(frozen=True, slots=True)
class DecisionRows:
    """What the rows are made of. ``names`` are of accounts."""

    decided: Decided
    happened: Happened
    tree: Tree
    names: Mapping[str, str]
    bounds: Bounds

    def part(self, first_blocks: Sequence[int]) -> Decisions:
        """``first_blocks`` are seconds from events' starts to what they blocked first."""
        decided = self.decided
        return Decisions(
            total=decided.total.outcomes(None),
            ous=self._ous(),
            accounts=self._accounts(),
            pipelines=self._pipelines(),
            rules=self._rules(),
            services=self._services(),
            regions=self._regions(),
            timings=Timings(
                start_to_first_block=spread(first_blocks),
                held=spread(decided.held()),
                to_resume=spread(decided.resumed_after),
            ),
            rows=decided.rows(),
        )

    def _ous(self) -> Rows[OuRow]:
        accounts = self.tree.inside.values()
        direct = Counter(account.ou_path for account in accounts)
        below = Counter(path for account in accounts for path in self.tree.lineage(account.id))
        paths = {*below, *self.decided.ous.keys(), *self.happened.ous}
        rows = [
            OuRow(
                path=cut(path, TEXT),
                accounts=below[path],
                direct_accounts=direct[path],
                events=self.happened.ous[path],
                outcomes=self.decided.ous.outcomes(path),
            )
            for path in sorted(paths, key=lambda path: (path == UNKNOWN_OU, path))
        ]
        return bounded(rows, self.bounds.ous)

    def _accounts(self) -> Rows[AccountRow]:
        every = {*self.tree.inside, *self.decided.accounts.keys(), *self.happened.accounts}
        rows = (self._account(name) for name in sorted(every, key=self._hits))
        return first(rows, len(every), self.bounds.accounts)

    def _hits(self, account: str) -> tuple[int, int, int, str]:
        """Those most hit first."""
        tally = self.decided.accounts
        events = self.happened.accounts.get(account, _NONE).count
        return -tally.count(account, "blocked"), -events, -tally.count(account, "warned"), account

    def _account(self, name: str) -> AccountRow:
        events = self.happened.accounts.get(name, _NONE)
        return AccountRow(
            id=cut(name, NAME),
            name=cut(self.names.get(name, ""), NAME),
            ou=cut(self.tree.ou_of(name), TEXT),
            outcomes=self.decided.accounts.outcomes(name),
            event_count=events.count,
            open_event_count=events.open,
            resource_count=events.resources,
            events=all_shown(events.events, self.bounds),
        )

    def _pipelines(self) -> Rows[PipelineRow]:
        tally, most = self.decided.pipelines, self.bounds.pipelines
        those = nsmallest(min(most, len(tally)), tally.keys(), key=self._blocks)
        return first(map(self._pipeline, those), len(tally), most)

    def _blocks(self, key: PipelineKey) -> tuple[int, int, str, str, str]:
        """The most blocked first."""
        tally, (account, region, name) = self.decided.pipelines, key
        return -tally.count(key, "blocked"), -tally.count(key, "decisions"), account, region or "", name

    def _pipeline(self, key: PipelineKey) -> PipelineRow:
        account, region, name = key
        return PipelineRow(
            account=account,
            region=cut_if_any(region, NAME),
            name=cut(name, NAME),
            outcomes=self.decided.pipelines.outcomes(key),
            last_at=self.decided.last[key],
        )

    def _rules(self) -> Rows[RuleOutcomes]:
        tally = self.decided.rules
        rows = [
            RuleOutcomes(kind=kind, name=cut_if_any(name, NAME), outcomes=tally.outcomes((kind, name)))
            for kind, name in _most_first(tally)
        ]
        return bounded(rows, self.bounds.others)

    def _services(self) -> Rows[ServiceOutcomes]:
        tally = self.decided.services
        rows = [
            ServiceOutcomes(service=cut_if_any(service, NAME), outcomes=tally.outcomes(service))
            for service in _most_first(tally)
        ]
        return bounded(rows, self.bounds.others)

    def _regions(self) -> Rows[RegionOutcomes]:
        tally = self.decided.regions
        rows = [
            RegionOutcomes(region=cut(region, NAME), outcomes=tally.outcomes(region)) for region in _most_first(tally)
        ]
        return bounded(rows, self.bounds.others)


def _most_first(tally: Tally[Any]) -> list[Any]:
    return sorted(tally.keys(), key=lambda key: (-tally.count(key, "decisions"), str(key)))
