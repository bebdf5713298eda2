"""A moment as a person writes it on a command line that looks back."""

from datetime import UTC, date, datetime
from typing import Any

import click

from org_gate.model.times import parse_time


class MomentType(click.ParamType[datetime]):
    """A date (its begin in UTC), or a time with an offset."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return datetime.combine(date.fromisoformat(value), datetime.min.time(), UTC)
        except ValueError:
            pass
        try:
            return parse_time(value)
        except ValueError:
            self.fail(f"{value!r} is no time; write a date (2021-12-07), or a time with an offset", param, ctx)
