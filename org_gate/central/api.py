"""The decision API's Lambda, behind a Function URL with AWS_IAM (A1-A5).

The edge: makes the desk once, hands each request to the routes, and turns everything that goes wrong into a problem
(A4). No verdict and no rule lives here.
"""

import json
import os
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import boto3
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from org_gate.central.announce import TopicAnnouncer
from org_gate.central.asking import Asker, asker_of, with_plain_body
from org_gate.central.bodies import Malformed, asking_pipeline
from org_gate.central.desk import Desk
from org_gate.central.notices import ChangeTopic, TellingResumer
from org_gate.central.problems import (
    CONTENT_TYPE,
    BadRequest,
    Broken,
    NotFound,
    Problem,
    TooLarge,
    Unavailable,
    WrongMethod,
    invalid,
)
from org_gate.central.routes import METHODS
from org_gate.central.serving import app
from org_gate.central.settings import api_settings
from org_gate.central.telemetry import logger, tell_problem
from org_gate.model.request import Pipeline
from org_gate.store import Store
from org_gate.store.errors import NoPolicyError, StoreError, TooLargeError

CONNECT_SECONDS: Final = 2
READ_SECONDS: Final = 3
ANNOUNCING: Final = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1})
"""Once and shortly: the change is written by then, and its answer must not come too late for a message."""


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The Lambda's entry point."""
    return answer(event, context, _open_desk)


@cache
def _open_desk() -> Desk:
    """One for each process. Raises SettingsError."""
    settings = api_settings(os.environ)
    bounds = Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS)
    store = Store(boto3.client("dynamodb", config=bounds), settings.table)
    sns = boto3.client("sns", config=ANNOUNCING)
    people = TopicAnnouncer(sns, settings.topic)
    return Desk(store, settings.central_account, TellingResumer(ChangeTopic(sns, settings.changes, logger), people))


def answer(event: Mapping[str, Any], context: LambdaContext, open_desk: Callable[[], Desk]) -> dict[str, Any]:
    """The Function URL's answer to a request. Whatever happens, it is a defined one."""
    asker: Asker | None = None
    desk: Desk | None = None
    try:
        asker = asker_of(event)
        desk = open_desk()
        app.append_context(asker=asker, desk=desk)  # type: ignore[no-untyped-call]  # powertools leaves it untyped
        return app.resolve(with_plain_body(event), context)
    except Exception as error:  # noqa: BLE001  the process edge: a caller needs an answer, and the log gets the cause
        return _as_answer(_refused(problem_of(error), asker, desk, None))


def problem_of(error: Exception) -> Problem:  # noqa: PLR0911  one for each kind of error
    """What the caller is told of an error."""
    match error:
        case Problem():
            return error
        case Malformed():
            return BadRequest(f"{error} Send a JSON object as GET /openapi.json describes it.")
        case RequestValidationError():
            return invalid(error.errors())
        case NotFoundError():
            return _nothing_there(app.current_event.path, app.current_event.http_method)
        case TooLargeError():
            return TooLarge(f"{error} Nothing was written.")
        case NoPolicyError():
            return Unavailable(str(error))
        case StoreError():
            return Unavailable("The table did not answer, so nothing was decided. Ask again after Retry-After.")
        case _:
            return Broken("The decision API failed, so nothing was decided. The platform team finds why in its log.")


def _nothing_there(path: str, method: str) -> Problem:
    for pattern, allowed in METHODS.items():
        if re.fullmatch(pattern, path):
            return WrongMethod(f"{path} does not take {method}, but {' and '.join(allowed)}.", allowed=allowed)
    return NotFound("There is nothing at this path. GET /openapi.json lists what there is.")


def _refused(problem: Problem, asker: Asker | None, desk: Desk | None, pipeline: Pipeline | None) -> Response[str]:
    """With the mode of the caller's account, where it is known (A4); not after a fault, which reading it may repeat."""
    tell_problem(problem, None if asker is None else asker.account)
    mode = None if asker is None or desk is None or isinstance(problem, Broken) else desk.mode(asker.account, pipeline)
    return Response(problem.status.value, CONTENT_TYPE, json.dumps(problem.body(mode)), headers=problem.headers)


def _as_answer(response: Response[str]) -> dict[str, Any]:
    """Of what did not come as far as a route, in the Function URL's form."""
    return {
        "statusCode": response.status_code,
        "headers": response.headers,
        "body": response.body,
        "isBase64Encoded": False,
    }


def _within(error: Exception) -> Response[str]:
    pipeline = asking_pipeline(app.current_event.body)
    return _refused(problem_of(error), app.context["asker"], app.context["desk"], pipeline)


app.exception_handler([Problem, Malformed, RequestValidationError, NotFoundError, StoreError, Exception])(_within)
