"""From one version to the next and back: a canary first, and old gates and new ones are answered all the while."""

from collections.abc import Sequence
from pathlib import Path

from org_gate import __version__
from org_gate.inventory.errors import InstanceResult
from org_gate.inventory.installed import Place, read_cell, read_stack_set
from org_gate.rollout.test_call import CheckedGate, check_gates
from tests.e2e.rollouts import CENTRAL, HOME, PAYMENTS, WAVES, Team, settings, team

EARLIER = "0.0.9"


def called(opened: Team) -> tuple[CheckedGate, ...]:
    return check_gates(opened.world.sessions.session(CENTRAL, HOME), opened.gates(), region=HOME)


def versions(opened: Team) -> dict[str, set[str | None]]:
    """Of the gates, by account."""
    found: dict[str, set[str | None]] = {}
    for gate in called(opened):
        found.setdefault(gate.account, set()).add(gate.version)
    return found


def test_a_canary_goes_first_and_everybody_is_answered_meanwhile(tmp_path: Path) -> None:
    between: list[dict[str, set[str | None]]] = []
    with team(tmp_path) as opened:

        def meanwhile(_: Sequence[Place]) -> list[InstanceResult]:
            assert all(gate.is_well for gate in called(opened)), "old gates and new ones reach central"
            between.append(versions(opened))
            return []

        assert opened.apply(settings(waves=WAVES), version=EARLIER).is_done
        opened.check = meanwhile
        assert opened.apply(settings(waves=WAVES)).is_done
        assert between[0].pop(PAYMENTS) == {__version__}
        assert set.union(*between[0].values()) == {EARLIER}
        assert set.union(*versions(opened).values()) == {__version__}
        cloudformation = opened.stack_sets
        cell, gates = (
            read_cell(cloudformation, "org-gate-central", HOME),
            read_stack_set(cloudformation, "org-gate-member"),
        )
        assert cell is not None
        assert gates is not None
        assert cell.version == gates.version == __version__
        assert opened.apply(settings(waves=WAVES), version=EARLIER).is_done
        assert set.union(*versions(opened).values()) == {EARLIER}, "and the way back"
