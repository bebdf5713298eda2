"""What each fault comes to: one record for each, held to by the test that plays it, and written into the page.

``seconds`` is simulated: of the gate's own time where it counts from the question, of the organization's where it
counts from the fault or from the event. ``alarms`` are the home cell's that ring while somebody asks every minute, with
the minutes until they do, as computed from what was emitted (``alarms``). Nothing here is measured by a clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

QUESTION: Final = "the question"
FAULT: Final = "the fault"
EVENT: Final = "the event"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """``verdict`` and ``result`` are of a deployment that AWS Health's event concerns, where there is one.

    ``says`` is a part of what it is told; None where no gate answered, or where nothing is told of the fault.
    """

    id: str
    group: str
    fails: str
    sees: str
    verdict: str | None
    result: str | None
    says: str | None = None
    seconds: int
    since: str = QUESTION
    alarms: Mapping[str, int] = field(default_factory=dict)
    silent: str = ""
    """Why no alarm rings."""
    clause: str


HEALTH: Final = "AWS Health"
EVENTS: Final = "EventBridge"
TABLE: Final = "DynamoDB"
API: Final = "The decision API"
URL: Final = "The way to the decision API"
AROUND: Final = "STS, IAM, SQS"
DATES: Final = "Events with odd dates"
CELLS: Final = "The standby"

_TOO_OLD: Final = {"org-gate-knowledge-too-old": 8}
_NO_TABLE: Final = {
    "org-gate-api-fails": 3,
    "org-gate-collector-fails": 3,
    "org-gate-knowledge-too-old": 3,
    "org-gate-looks-missing": 3,
}
_STALE: Final = {
    "group": HEALTH,
    "sees": "What opened before the fault blocks as ever. What opens after it blocks once central's knowledge is older "
    "than `max_age`: the gate then looks into AWS Health in its own account.",
    "verdict": "block",
    "result": "failed",
    "says": "the gate looked for itself as central's knowledge is",
    "seconds": 600,
    "since": FAULT,
    "alarms": _TOO_OLD,
}
_LOCAL: Final = "the gate looked for itself as no central URL answered"
_SOLITARY: Final = (
    "The gate gives central up and looks into AWS Health in its own account: an open issue there blocks, else the "
    "deployment goes on."
)
_NOT_SEEN: Final = (
    "the cell is well and hears nothing of it; gates say it in their messages and logs, and `org-gate rollout status` "
    "has them ask"
)


def _r(**fields: object) -> Record:
    return Record(**fields)  # type: ignore[arg-type]  # checked by the dataclass's own names, and by the tests' values


RECORDS: Final = (
    _r(id="health-throttled", fails="AWS Health throttles the central account", clause="D13", **_STALE),
    _r(
        id="health-5xx",
        fails="AWS Health answers everybody with 5xx",
        clause="D14",
        **{
            **_STALE,
            "sees": "As above; but the gate cannot look for itself either, so `on_unknown` decides (`block` unless the "
            "policy says otherwise). The message says that nothing could be found out, and why.",
            "says": "AWS Health in this account could not be asked",
        },
    ),
    _r(
        id="health-slow",
        fails="AWS Health is so slow that each poll runs out of time",
        clause="D13",
        **_STALE,
    ),
    _r(
        id="health-wrong-page-tokens",
        fails="AWS Health takes back its page tokens, each time",
        clause="D13",
        **{
            **_STALE,
            "sees": "Each page that was read is stored, so what it shows blocks at once. No poll is complete, so once "
            "knowledge is older than `max_age` gates look for themselves as well.",
            "says": "rule open-issues",
            "seconds": 0,
            "since": EVENT,
        },
    ),
    _r(
        id="health-partial-failures",
        fails="AWS Health cannot tell the details of any event, for hours",
        clause="D13",
        **{
            **_STALE,
            "sees": "Events block as soon as they are listed. No poll is complete, so once knowledge is older than "
            "`max_age` gates look for themselves as well.",
            "says": "rule open-issues",
            "seconds": 0,
            "since": EVENT,
        },
    ),
    _r(id="health-view-off", fails="The organizational view is switched off", clause="D13", **_STALE),
    _r(
        id="health-plan-gone",
        fails="The support plan with AWS Health's API is gone, in all accounts",
        clause="D14",
        **{
            **_STALE,
            "sees": "Once central's knowledge is older than `max_age`, `on_unknown` decides; the message says that the "
            "account's support plan does not include the AWS Health API.",
            "says": "support plan does not include the AWS Health API",
        },
    ),
    _r(
        id="health-endpoint-moved",
        group=HEALTH,
        fails="AWS Health's active endpoint moves to its other Region",
        sees="No difference. Each poll and each gate finds the active endpoint anew; where the name does not tell, "
        "both Regions are asked in turn.",
        verdict="block",
        result="failed",
        says="rule open-issues",
        seconds=0,
        since=EVENT,
        silent="nothing is lost or late",
        clause="D13",
    ),
    _r(
        id="notifications-silent",
        group=EVENTS,
        fails="AWS Health's notifications do not come",
        sees="It blocks a little later: the next minute's poll tells the same.",
        verdict="block",
        result="failed",
        says="rule open-issues",
        seconds=60,
        since=EVENT,
        silent="no more than a minute is lost",
        clause="D13",
    ),
    _r(
        id="schedule-silent",
        fails="The schedule does not run the collector",
        clause="D13",
        **{**_STALE, "group": EVENTS, "alarms": {"org-gate-knowledge-too-old": 3}},
    ),
    _r(
        id="looks-silent",
        group=EVENTS,
        fails="The schedule does not run the resumer's looks",
        sees="Blocked deployments do not go on by themselves, but for looks that a change of what is known asks for. "
        "Retry in the console works.",
        verdict="block",
        result="failed",
        says="rule open-issues",
        seconds=0,
        since=EVENT,
        alarms={"org-gate-looks-missing": 5},
        clause="W1",
    ),
    _r(
        id="table-throttled",
        group=TABLE,
        fails="The home cell's table throttles",
        sees="The home cell answers 503, so the gate asks the standby, which decides with its own knowledge.",
        verdict="block",
        result="failed",
        says="rule open-issues",
        seconds=1,
        alarms=_NO_TABLE,
        clause="G8",
    ),
    _r(
        id="table-down-everywhere",
        group=TABLE,
        fails="DynamoDB is down in the Regions of all cells",
        sees=_SOLITARY,
        verdict="block",
        result="failed",
        says=_LOCAL,
        seconds=1,
        alarms=_NO_TABLE,
        clause="G8",
    ),
    _r(
        id="item-too-large",
        fails="AWS Health shows an event that is too large for an item of the table",
        clause="D13",
        **{
            **_STALE,
            "group": TABLE,
            "sees": "Everything else is read and blocks as ever. No poll is complete while it is open, so once "
            "knowledge is older than `max_age` gates look for themselves; they see the large event as well.",
            "says": "org-gate stopped this deployment.",
        },
    ),
    _r(
        id="api-killed",
        group=API,
        fails="The API's Lambda is killed in the middle of a request",
        sees="No difference: the gate asks once more, and a new process answers.",
        verdict="allow",
        result="succeeded",
        says="Decision d-",
        seconds=1,
        silent="`org-gate-api-fails` rings where it happens in three of five minutes; a single one costs nobody "
        "anything",
        clause="G8",
    ),
    _r(
        id="api-cold",
        group=API,
        fails="No process of the API is running: it starts cold",
        sees="No difference, but for the time that a start takes. The gate waits up to six seconds.",
        verdict="allow",
        result="succeeded",
        says="Decision d-",
        seconds=6,
        silent="a cold start is no fault; `org-gate-api-slow` rings where answers take more than three seconds",
        clause="G8",
    ),
    _r(
        id="api-out-of-concurrency",
        group=API,
        fails="The API is out of Lambda concurrency in every Region (429)",
        sees=_SOLITARY,
        verdict="block",
        result="failed",
        says=_LOCAL,
        seconds=0,
        alarms={"org-gate-api-throttled": 3},
        clause="G8",
    ),
    _r(
        id="url-unreachable",
        group=URL,
        fails="No Function URL can be reached",
        sees=_SOLITARY,
        verdict="block",
        result="failed",
        says=_LOCAL,
        seconds=1,
        silent=_NOT_SEEN,
        clause="G8",
    ),
    _r(
        id="url-slow",
        group=URL,
        fails="Every Function URL is slower than the gate waits",
        sees="The gate waits up to six seconds for each, within 60 % of its own time; then it looks into AWS Health in "
        "its own account.",
        verdict="block",
        result="failed",
        says=_LOCAL,
        seconds=12,
        alarms={"org-gate-api-slow": 3},
        clause="G8",
    ),
    _r(
        id="url-403",
        group=URL,
        fails="Every Function URL turns the account away (403)",
        sees="The job fails with PermissionError and the message says which rights are missing: a refusal is no "
        "outage. An account whose mode is not `enforce` goes on.",
        verdict=None,
        result="failed",
        says="turned this account away at its door (403)",
        seconds=0,
        silent="whoever is refused is told whom to ask; and anybody without rights could ring it at will",
        clause="G5",
    ),
    _r(
        id="url-garbage",
        group=URL,
        fails="Something between answers 200 with what is not a decision",
        sees=_SOLITARY,
        verdict="block",
        result="failed",
        says="answered 200 with what is not a decision",
        seconds=0,
        silent=_NOT_SEEN,
        clause="G8",
    ),
    _r(
        id="sts-down",
        group=AROUND,
        fails="STS is down for the central account",
        sees="Verdicts are the same: gates need no STS of their own. What was blocked and is not any more goes on once "
        "STS answers again; until then Retry in the console works.",
        verdict="allow",
        result="succeeded",
        says="Allowed",
        seconds=120,
        since="the end of the fault",
        alarms={"org-gate-resumes-fail": 7},
        clause="W1",
    ),
    _r(
        id="credentials-gone",
        group=AROUND,
        fails="IAM and STS refuse whatever the gate signs",
        sees="The gate cannot even answer its job. CodePipeline ends the action after 20 minutes, without a message of "
        "ours; nothing is deployed. (Functions that run already keep their credentials for hours: AWS issues no new "
        "ones in such an outage, but honours the old.)",
        verdict=None,
        result=None,
        seconds=1_200,
        since=FAULT,
        silent="nothing of ours can speak; the gate's own log tells",
        clause="G7",
    ),
    _r(
        id="sqs-redelivery",
        group=AROUND,
        fails="SQS delivers each message twice",
        sees="No difference: one retry for each failing decision.",
        verdict="allow",
        result="succeeded",
        says="Allowed",
        seconds=120,
        since="the end of the event",
        silent="nothing happens twice",
        clause="W1",
    ),
    _r(
        id="sqs-poison",
        group=AROUND,
        fails="A message that nobody understands comes into the resumer's queue",
        sees="No difference: other messages go on beside it. It goes to the dead-letter queue after three tries.",
        verdict="allow",
        result="succeeded",
        says="Allowed",
        seconds=120,
        since="the end of the event",
        alarms={"org-gate-resumes-dead": 21},
        clause="W2",
    ),
    _r(
        id="dated-ahead-minutes",
        group=DATES,
        fails="An event is dated some minutes ahead",
        sees="It blocks from the next poll on: it is open.",
        verdict="block",
        result="failed",
        says="rule open-issues",
        seconds=0,
        since=EVENT,
        silent="nothing is lost or late",
        clause="D3",
    ),
    _r(
        id="dated-ahead-years",
        group=DATES,
        fails="An event's update is dated years ahead, then it closes with a true date",
        sees="It blocks from the next poll on. The true update counts as the older one, so it changes nothing; "
        "two full looks in a row that do not list the event end it, once its last update has left the polls' overlap.",
        verdict="allow",
        result="succeeded",
        says="Allowed",
        seconds=1_500,
        since="the end of the event",
        silent="the message names the event; an override lifts it",
        clause="D4",
    ),
    _r(
        id="dated-back-minutes",
        group=DATES,
        fails="An event appears that is dated some minutes back",
        sees="It blocks from the next poll on: each poll looks a quarter of an hour further back than the last one.",
        verdict="block",
        result="failed",
        says="rule open-issues",
        seconds=0,
        since=EVENT,
        silent="nothing is lost or late",
        clause="D13",
    ),
    _r(
        id="dated-back-years",
        group=DATES,
        fails="An event appears that is dated years back",
        sees="It blocks from the next full look on, which comes every five minutes.",
        verdict="block",
        result="failed",
        says="rule open-issues",
        seconds=300,
        since=EVENT,
        silent="it is found within five minutes",
        clause="D13",
    ),
    _r(
        id="standby-takes-over",
        group=CELLS,
        fails="The home Region is down: the Function URL, DynamoDB, the collector",
        sees="The gate asks the standby, which reads AWS Health by itself. Its resumer resumes what it blocked.",
        verdict="block",
        result="failed",
        says="rule open-issues",
        seconds=1,
        alarms=_NO_TABLE,
        clause="G8",
    ),
    _r(
        id="home-comes-back",
        group=CELLS,
        fails="The home Region comes back after an hour",
        sees="From the first question on that it answers, home decides: by the poll of that minute, which reads what "
        "changed meanwhile.",
        verdict="block",
        result="failed",
        says="rule open-issues",
        seconds=0,
        since="its return",
        silent="nothing is wrong any more",
        clause="G8",
    ),
)
BY_ID: Final = {record.id: record for record in RECORDS}
