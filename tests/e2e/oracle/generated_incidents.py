"""Random incidents that open, flap and end around the whole minutes at which those who wait are looked at (W1, W2)."""

from collections.abc import Iterator
from random import Random
from typing import Any

SETTLES = ("1s", "59s", "1m", "61s", "90s", "2m", "5m")
_OFF = (0, 0, 0, 0, -1, 1, 15, 30)


def resume(rng: Random, *, waves: bool) -> dict[str, Any]:
    """What a policy says about resuming. ``within`` never ends at a look: its last second is left open."""
    settings: dict[str, Any] = {"wave_size": rng.randint(1, 3) if waves else 500}
    if waves:
        settings["wave_pause"] = rng.choice(("30s", "1m", "61s", "2m", "5m"))
    if rng.random() < 0.8:
        settings["settle"] = rng.choice(SETTLES)
    if rng.random() < 0.25:
        settings["within"] = rng.choice(("607s", "1207s", "2407s"))
    return settings


def incident(rng: Random, number: int, region: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """``health`` entries of one issue, each with its second."""
    arn = f"arn:aws:health:{region}::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/incident-{number}"
    begins, lasts = rng.randint(1, 20) * 60 + rng.choice(_OFF), rng.randint(2, 15) * 60
    event = {
        "arn": arn,
        "service": rng.choice(("EC2", "MULTIPLE_SERVICES")),
        "eventTypeCode": "AWS_EC2_OPERATIONAL_ISSUE",
        "eventTypeCategory": "issue",
        "eventScopeCode": "PUBLIC",
        "region": region,
        "startTime": f"+{begins}s",
        "statusCode": "open",
    }
    ends = begins + lasts
    if rng.random() < 0.3:  # it says beforehand when it will be over, and is as good as its word
        yield begins, {"event": {**event, "endTime": f"+{ends - ends % 60 + rng.choice(_OFF)}s"}}
        return
    yield begins, {"event": event}
    closed = ends - ends % 60 + rng.choice(_OFF)
    for _ in range(rng.choice((0, 0, 1, 2, 3))):
        yield closed, {"event": {"arn": arn, "region": region, "statusCode": "closed"}}
        opened = closed + rng.choice((15, 59, 60, 61, 120, 180, 240, 300, 301, 360))
        yield opened, {"event": {"arn": arn, "region": region, "statusCode": "open"}}
        closed = opened + rng.randint(1, 6) * 60 + rng.choice(_OFF)
    yield closed, {"event": {"arn": arn, "region": region, "statusCode": "closed"}}
