"""How a rollout's progress is told without a terminal."""

import pytest

from org_gate.cli.rollout_progress import Watch, progress_text
from org_gate.rollout.apply_gates import Progress


@pytest.mark.parametrize(
    ("progress", "text"),
    [
        (Progress("canary", 0, 0, 9, None), "0 done, 9 to go (canary)"),
        (Progress("canary", 4, 1, 5, 59.0), "4 done, 1 failed, 5 to go, less than a minute left (canary)"),
        (Progress("canary", 4, 0, 5, 61.0), "4 done, 5 to go, about 1 minute left (canary)"),
        (Progress("canary", 9, 0, 0, 0.0), "9 done, 0 to go (canary)"),
        (Progress("a\x1b[2J", 1, 0, 9, 600.0), r"1 done, 9 to go, about 10 minutes left (a\x1b[2J)"),
    ],
)
def test_a_line_counts_and_estimates(progress: Progress, text: str) -> None:
    assert progress_text(progress) == text


def test_a_log_has_a_line_for_each_tenth_of_the_way(capsys: pytest.CaptureFixture[str]) -> None:
    watch = Watch()
    for done in range(1_001):
        watch.moved(Progress("canary", done, 0, 1_000 - done, 60.0))
    watch.say("Done\nwith it")
    watch.end()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 12
    assert lines[-1] == r"Done\nwith it"
