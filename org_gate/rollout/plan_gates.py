"""What becomes of the gates: which are made, changed, given other settings or left alone, wave by wave. Pure.

Whether a gate is behind, and which settings were written into it, its last operation's id says (``marks``), so nothing
is asked gate by gate. A new version reaches the accounts of a wave alone: an update is given its accounts. OUs are
targeted as a whole when they get their gates, so that accounts which join them later get one by themselves.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from org_gate.inventory.installed import InstalledGate, InstalledSet, Place
from org_gate.inventory.targets import Scope, WaveOf, active
from org_gate.policy.model import Policy
from org_gate.rollout.deployment_targets import single, targeted_by, whole
from org_gate.rollout.gates import gate_settings
from org_gate.rollout.marks import PLAIN, UNKNOWN, Mark, mark_of, settings_mark
from org_gate.rollout.plan_model import Does, SetPlan, Step, Targets, WavePlan
from org_gate.rollout.wishes import SETTINGS

CURRENT: Final = "CURRENT"
SUSPENDED: Final = "SKIPPED_SUSPENDED_ACCOUNT"
_SUCCEEDED: Final = "SUCCEEDED"
_MANY: Final = 10
"""Where one in so many gates of an OU is missing, the OU is targeted as a whole, which passes the others once more."""

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass
class _Wave:
    """A wave while it is planned: its gates by what is to be done to them."""

    name: str
    accounts: int
    missing: list[Place] = field(default_factory=list)
    behind: list[Place] = field(default_factory=list)
    wrong: set[Place] = field(default_factory=set)
    whole: dict[str, set[str]] = field(default_factory=dict)
    """By OU, the Regions in which it is targeted as a whole."""
    right: list[Place] = field(default_factory=list)


def plan_waves(
    scope: Scope,
    waves: Iterable[WaveOf],
    *,
    regions: tuple[str, ...],
    policy: Policy,
    stack_set: SetPlan,
    found: InstalledSet | None,
) -> tuple[WavePlan, ...]:
    """In their order; a wave without accounts has no steps."""
    planner = _Planner(scope, regions, policy, stack_set=stack_set, found=found)
    sorted_out = [planner.sort_out(wave) for wave in waves]
    planner.target_whole_ous(sorted_out)
    _create_after_the_first_update(sorted_out, updates=stack_set.differs != () and found is not None)
    return tuple(planner.planned(wave) for wave in sorted_out)


class _Planner:
    def __init__(
        self,
        scope: Scope,
        regions: tuple[str, ...],
        policy: Policy,
        *,
        stack_set: SetPlan,
        found: InstalledSet | None,
    ) -> None:
        self._scope = scope
        self._regions = regions
        self._set = stack_set
        self._gates: Mapping[Place, InstalledGate] = {} if found is None else found.gates
        self._registered = set() if found is None else _registered(found)
        defaults = {name: stack_set.wish.parameters[name] for name in SETTINGS}
        wanted = {account.id: gate_settings(policy, account).parameters() for account in scope.accounts}
        self._wanted = wanted
        self._own = {account for account, settings in wanted.items() if settings != defaults}
        """Accounts whose settings are not the set's."""
        self._active = {member.account.id for member in active(scope.members)}
        ou_ids = scope.ou_ids
        self._ou = {account.id: targeted_by(account, ou_ids) for account in scope.accounts}
        self._before = {place: _mark(gate) for place, gate in self._gates.items()}

    def sort_out(self, wave: WaveOf) -> _Wave:
        members = active(wave.members)
        sorted_out = _Wave(wave.name, len(members))
        for place in ((member.account.id, region) for member in members for region in sorted(self._regions)):
            gate = self._gates.get(place)
            if gate is None:
                sorted_out.missing.append(place)
            elif gate.detail != SUSPENDED:
                self._look_at(place, gate, sorted_out)
        return sorted_out

    def _look_at(self, place: Place, gate: InstalledGate, wave: _Wave) -> None:
        behind, wrong = self._is_behind(place, gate), not self._has_its_settings(place)
        if behind:
            wave.behind.append(place)
        if wrong:
            wave.wrong.add(place)
        if not behind and not wrong:
            wave.right.append(place)

    def _is_behind(self, place: Place, gate: InstalledGate) -> bool:
        content = self._before[place].content
        if content == UNKNOWN:  # whoever touched it last, it was with what the set held
            return gate.status != CURRENT or self._set.differs != ()
        return gate.status != CURRENT or content != self._set.content

    def _has_its_settings(self, place: Place) -> bool:
        written = self._before[place].settings
        own = place[0] in self._own
        return written == settings_mark(self._wanted[place[0]]) or (written == PLAIN and not own)

    def target_whole_ous(self, waves: list[_Wave]) -> None:
        """Each OU in the last wave that makes gates in it, so that no gate comes before its wave.

        Where only few are missing in an OU that is targeted already, these few are made alone: a run that was
        interrupted before an OU was targeted as a whole leaves many.
        """
        missing = self._count(place for wave in waves for place in wave.missing)
        there = self._count(place for place in self._gates if place[0] in self._ou)
        regions = {unit.id: self._regions_made_whole(unit.id, missing, there) for unit in self._scope.units}
        left = {unit: where for unit, where in regions.items() if where}
        for wave in reversed(waves):
            for unit in {self._ou[account] for account, _ in wave.missing} & left.keys():
                wave.whole[unit] = left.pop(unit)
        waves[-1].whole.update(left)  # OUs without accounts: whoever joins them gets a gate

    def _regions_made_whole(
        self, unit: str, missing: Counter[tuple[str, str]], there: Counter[tuple[str, str]]
    ) -> set[str]:
        if unit not in self._registered:
            return set(self._regions)
        return {
            region
            for region in self._regions
            if missing[unit, region] and missing[unit, region] * _MANY >= there[unit, region]
        }

    def _count(self, places: Iterable[Place]) -> Counter[tuple[str, str]]:
        """By OU and Region."""
        return Counter((self._ou[account], region) for account, region in places)

    def planned(self, wave: _Wave) -> WavePlan:
        steps = (*self._updates(wave), *self._creations(wave), *self._settings(wave))
        touched = {place for step in steps for place in step.places}
        return WavePlan(wave.name, wave.accounts, tuple(place for place in wave.right if place not in touched), steps)

    def _updates(self, wave: _Wave) -> Iterator[Step]:
        """The settings that are there stay, and so does what the mark says of them."""
        for written, places in grouped((self._before[place].settings, place) for place in wave.behind):
            yield from self._steps(Does.UPDATE, places, Mark(self._set.content, written))

    def _creations(self, wave: _Wave) -> Iterator[Step]:
        """Whole OUs come up with the set's own settings; single accounts with theirs at once."""
        alone = [place for place in wave.missing if not self._is_made_whole(wave, place)]
        by_regions: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for unit, regions in wave.whole.items():
            by_regions[tuple(sorted(regions))].append(unit)
        for where, units in sorted(by_regions.items()):
            yield from self._whole_steps(units, where, wave)
        for mark, places in grouped((settings_mark(self._own_settings(place[0])), place) for place in alone):
            settings = self._own_settings(places[0][0])
            yield from self._steps(Does.CREATE, places, Mark(self._set.content, mark), settings)

    def _own_settings(self, account: str) -> Mapping[str, str]:
        """None where the set's own are right."""
        return self._wanted[account] if account in self._own else {}

    def _whole_steps(self, units: list[str], regions: tuple[str, ...], wave: _Wave) -> Iterator[Step]:
        for targets in whole(units):
            places = tuple(
                place for place in wave.missing if self._ou[place[0]] in targets.ou_ids and place[1] in regions
            )
            settings = UNKNOWN if self._passes_pinned(targets, regions) else PLAIN
            yield Step(Does.CREATE, targets, regions, places, Mark(self._set.content, settings))

    def _passes_pinned(self, targets: Targets, regions: tuple[str, ...]) -> bool:
        """Whether gates are there that were once given what are the set's own settings now: they would not follow."""
        return any(
            account not in self._own and mark.settings != PLAIN and self._ou[account] in targets.ou_ids
            for (account, region), mark in self._before.items()
            if account in self._active and region in regions
        )

    def _is_made_whole(self, wave: _Wave, place: Place) -> bool:
        return place[1] in wave.whole.get(self._ou[place[0]], ())

    def _settings(self, wave: _Wave) -> Iterator[Step]:
        """Of gates that have others, and of all whose settings a whole OU's creation may have taken."""
        places = {*wave.wrong, *self._passed_by(wave)}
        marked = [(self._after(place, wave), place) for place in sorted(places)]
        for mark, alike in grouped(marked):
            yield from self._steps(Does.SETTINGS, alike, mark, self._wanted[alike[0][0]])

    def _passed_by(self, wave: _Wave) -> Iterator[Place]:
        for account in self._active:
            for region in wave.whole.get(self._ou[account], ()):
                mark = self._before.get((account, region))
                if account in self._own or (mark is not None and mark.settings != PLAIN):
                    yield account, region

    def _after(self, place: Place, wave: _Wave) -> Mark:
        before = self._before.get(place)
        touched = before is None or place in wave.behind or self._is_made_whole(wave, place)
        content = self._set.content if touched else before.content if before else UNKNOWN
        return Mark(content, settings_mark(self._wanted[place[0]]))

    def _steps(
        self, does: Does, places: Iterable[Place], mark: Mark, settings: Mapping[str, str] | None = None
    ) -> Iterator[Step]:
        """As few as there are different lists of Regions, and room in a call."""
        regions: dict[str, list[str]] = defaultdict(list)
        for account, region in places:
            regions[account].append(region)
        for where, accounts in grouped((tuple(sorted(where)), account) for account, where in regions.items()):
            for targets in single((self._ou[account], account) for account in accounts):
                some = tuple((account, region) for account in targets.accounts or () for region in where)
                yield Step(does, targets, where, tuple(sorted(some)), mark, dict(settings or {}))


def _create_after_the_first_update(waves: list[_Wave], *, updates: bool) -> None:
    """What is to change in the set changes by the first update; gates made before it would come up as before.

    So gates that earlier waves make wait for the first wave that has one to update.
    """
    first = next((number for number, wave in enumerate(waves) if wave.behind), 0) if updates else 0
    for wave in waves[:first]:
        later = waves[first]
        later.missing += wave.missing
        for unit, regions in wave.whole.items():
            later.whole.setdefault(unit, set()).update(regions)
        wave.missing, wave.whole = [], {}


def _mark(gate: InstalledGate) -> Mark:
    """What an operation that did not succeed was to write may or may not be there."""
    mark = mark_of(gate.last_operation)
    return mark if gate.detail == _SUCCEEDED else replace(mark, settings=UNKNOWN)


def _registered(found: InstalledSet) -> set[str]:
    return {*found.described.get("OrganizationalUnitIds", ()), *(gate.ou_id for gate in found.gates.values())}


def grouped(pairs: Iterable[tuple[Key, Value]]) -> list[tuple[Key, list[Value]]]:
    """The values of each key, in order of the keys, which can be compared."""
    groups: dict[Any, list[Value]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return [(key, groups[key]) for key in sorted(groups)]
