"""What the resumer sends: one message for each deployment that a look hands out, and what is refused to people.

A message that is lost is no harm: what was handed out and came to nothing is handed out again.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from org_gate.central.resuming_messages import resume_body
from org_gate.central.resuming_telemetry import logger
from org_gate.model.waiting import Waiting
from org_gate.store.table import batches

_BATCH: Final = 10
_MOST_WHY: Final = 1000


class NotSentError(Exception):
    """The queue did not take it."""


class Queues:
    """Over a boto3 ``sqs`` client; ``url`` is the resumer's own queue, ``dead_url`` that of what people have to see."""

    def __init__(self, client: Any, url: str, dead_url: str) -> None:
        self._client = client
        self._url = url
        self._dead_url = dead_url

    def send(self, waiting: Iterable[Waiting], at: datetime) -> None:
        """What the queue does not take is logged."""
        for batch in batches(waiting, _BATCH):
            entries = [{"Id": str(index), "MessageBody": resume_body(one, at)} for index, one in enumerate(batch)]
            try:
                answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            except (ClientError, BotoCoreError) as error:
                failed, why = batch, str(error)
            else:
                refused = answer.get("Failed", ())
                failed, why = (
                    [batch[int(each["Id"])] for each in refused],
                    "; ".join({each["Code"] for each in refused}),
                )
            if failed:
                ids = [one.decision_id for one in failed]
                logger.warning("not sent to the queue; a later look hands them out anew", decision_ids=ids, error=why)

    def bury(self, body: str, why: str) -> None:
        """To the dead-letter queue at once. Raises NotSentError."""
        told = {"why": {"DataType": "String", "StringValue": why[:_MOST_WHY]}}
        try:
            self._client.send_message(QueueUrl=self._dead_url, MessageBody=body, MessageAttributes=told)
        except (ClientError, BotoCoreError) as error:
            message = f"the dead-letter queue did not take a message: {error}"
            raise NotSentError(message) from error
