"""What all routes of the decision API share: the resolver they register with, who asks, and how answers are written."""

import json
from collections.abc import Mapping
from typing import Any, Final

from aws_lambda_powertools.event_handler import LambdaFunctionUrlResolver, Response, content_types
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse, OpenAPIResponseContentModel
from pydantic import BaseModel

from org_gate.central import answers, problems
from org_gate.central.asking import Asker
from org_gate.central.bodies import json_object
from org_gate.central.desk import Desk

PROBLEMS: Final = {
    400: "The body is not a JSON object.",
    403: "Not the caller's to ask.",
    404: "Not there, or not the caller's to see.",
    409: "Somebody else was faster.",
    413: "The body is too large.",
    422: "Wrong types or values.",
    503: "Nothing can be answered now; ask again after Retry-After.",
}
_ANSWERING_MILLISECONDS: Final = 2000

app = LambdaFunctionUrlResolver(enable_validation=True, debug=False, json_body_deserializer=json_object)


def responses(answer: type[BaseModel], what: str, *refusals: int) -> dict[int, OpenAPIResponse]:
    """What a route's OpenAPI says: the answer, and the problems it may come to."""
    told: dict[int, OpenAPIResponse] = {
        200: {"description": what, "content": {content_types.APPLICATION_JSON: {"model": answer}}}
    }
    problem: OpenAPIResponseContentModel = {"model": answers.ProblemAnswer}
    for status in (*refusals, 503):
        told[status] = {"description": PROBLEMS[status], "content": {problems.CONTENT_TYPE: problem}}
    return told


def the_asker() -> Asker:
    asker: Asker = app.context["asker"]
    return asker


def the_desk() -> Desk:
    desk: Desk = app.context["desk"]
    return desk


def has_time() -> bool:
    """Whether what takes long may go on: the rest is for the answer."""
    left: int = app.lambda_context.get_remaining_time_in_millis()
    return left > _ANSWERING_MILLISECONDS


def as_json(body: Mapping[str, Any]) -> Response[str]:
    return Response(200, content_types.APPLICATION_JSON, json.dumps(body))
