"""Tells the resumer that what decisions rest on has changed, so that it looks at what waits before its next minute.

Only ever a help: the look of the minute finds out as well. So a topic that fails is logged, and never fails the poll
or the change that it was to tell of.
"""

from typing import Any, Final

from aws_lambda_powertools import Logger
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from org_gate.central.announce import Announcer
from org_gate.central.news_forms import Notice
from org_gate.central.resuming_messages import change_body

TELLING: Final = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1})
"""Once and shortly: what was changed is stored by then, and nobody is to wait for this."""


class ChangeTopic:
    """Over a boto3 ``sns`` client."""

    def __init__(self, client: Any, topic: str, logger: Logger) -> None:
        self._client = client
        self._topic = topic
        self._logger = logger

    def tell(self, changed: str) -> None:
        """``changed`` says in a word what did, for the log."""
        try:
            self._client.publish(TopicArn=self._topic, Message=change_body(changed))
        except (ClientError, BotoCoreError) as error:
            self._logger.warning(
                "the resumer was not told of a change; it finds out at its next look", changed=changed, error=str(error)
            )


class TellingResumer:
    """An announcer of changes to policy, overrides, drills and declared events: the resumer hears of each one first."""

    def __init__(self, changes: ChangeTopic, people: Announcer) -> None:
        self._changes = changes
        self._people = people

    def announce(self, notice: Notice) -> bool:
        """Whether people were told."""
        self._changes.tell(notice.kind)
        return self._people.announce(notice)
