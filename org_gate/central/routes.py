"""The decision API's routes: what each takes and answers (A2, A3), and the one function of ``desk`` that it calls.

What goes wrong is raised here and becomes a problem in ``api``.
"""

import json
import sys
from collections.abc import Mapping
from typing import Annotated, Any, Final

from aws_lambda_powertools.event_handler import LambdaFunctionUrlResolver, Response, content_types
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse, OpenAPIResponseContentModel
from pydantic import BaseModel

from org_gate.central import answers, problems
from org_gate.central.asking import Asker
from org_gate.central.bodies import MAX_VERSION, AccountId, DecisionBody, PolicyBody, Region, json_object
from org_gate.central.desk import Desk
from org_gate.central.spec import document
from org_gate.central.telemetry import tell_decision

PROBLEMS: Final = {
    400: "The body is not a JSON object.",
    403: "Not the caller's to ask.",
    404: "Not there, or not the caller's to see.",
    409: "Somebody else was faster.",
    413: "The body is too large.",
    422: "Wrong types or values.",
    503: "Nothing can be answered now; ask again after Retry-After.",
}

METHODS: Final = {
    # path, as a regular expression: what it takes
    "/v1/decisions": ("POST",),
    "/v1/decisions/[^/]+": ("GET",),
    "/v1/events": ("GET",),
    "/v1/status": ("GET",),
    "/v1/policies": ("GET", "POST"),
    "/v1/policies/[^/]+": ("GET",),
    "/openapi.json": ("GET",),
}

app = LambdaFunctionUrlResolver(enable_validation=True, debug=False, json_body_deserializer=json_object)


def _responses(answer: type[BaseModel], what: str, *refusals: int) -> dict[int, OpenAPIResponse]:
    """What a route's OpenAPI says: the answer, and the problems it may come to."""
    told: dict[int, OpenAPIResponse] = {
        200: {"description": what, "content": {content_types.APPLICATION_JSON: {"model": answer}}}
    }
    problem: OpenAPIResponseContentModel = {"model": answers.ProblemAnswer}
    for status in (*refusals, 503):
        told[status] = {"description": PROBLEMS[status], "content": {problems.CONTENT_TYPE: problem}}
    return told


@app.post(
    "/v1/decisions",
    summary="Is it safe to deploy there now?",
    operation_id="decide",
    responses=_responses(answers.DecisionAnswer, "The decision.", 400, 403, 413, 422),
)
def decide(body: Annotated[DecisionBody, Body()]) -> Response[str]:
    asker, desk = _asker(), _desk()
    gate = None if body.gate is None else body.gate.model_dump()
    decision = desk.decide(body.request(asker.account), asker.now, gate)
    tell_decision(decision, asker.account)
    return _json(decision)


@app.get(
    "/v1/decisions/<decision_id>",
    summary="A decision taken earlier, as it was answered.",
    operation_id="readDecision",
    responses=_responses(answers.DecisionAnswer, "The decision.", 404),
)
def decision(decision_id: Annotated[str, Path(description="As the decision gave it.")]) -> Response[str]:
    return _json(_desk().decision(decision_id, _asker().account))


@app.get(
    "/v1/events",
    summary="Events that are not over: public ones, and those that affect the account.",
    operation_id="listEvents",
    responses=_responses(answers.EventsAnswer, "The events.", 403, 422),
)
def events(
    account: Annotated[
        AccountId | None, Query(description="Left out: the caller's; for the central account, all.")
    ] = None,
    region: Annotated[Region | None, Query(description="Only events whose Region this is; global is one.")] = None,
) -> Response[str]:
    asker = _asker()
    return _json(_desk().events(asker.account, account, region, asker.now))


@app.get(
    "/v1/status",
    summary="How fresh the knowledge is, and which policy holds.",
    operation_id="readStatus",
    responses=_responses(answers.StatusAnswer, "The status."),
)
def status() -> Response[str]:
    return _json(_desk().status(_asker().now))


@app.get(
    "/v1/policies",
    summary="The published policies. For the central account alone.",
    operation_id="listPolicies",
    responses=_responses(answers.PoliciesAnswer, "The versions.", 403),
)
def policies() -> Response[str]:
    return _json(_desk().policies(_asker().account))


@app.get(
    "/v1/policies/<version>",
    summary="One version of the policy, whole. For the central account alone.",
    operation_id="readPolicy",
    responses=_responses(answers.PolicyDocumentAnswer, "The version.", 403, 404, 422),
)
def policy_version(
    version: Annotated[int, Path(ge=1, le=MAX_VERSION, description="As publishing it gave it.")],
) -> Response[str]:
    return _json(_desk().policy_version(_asker().account, version))


@app.post(
    "/v1/policies",
    summary="Publishes a policy. For the central account alone.",
    operation_id="publishPolicy",
    responses=_responses(answers.PublishedAnswer, "It holds from now on.", 400, 403, 409, 413, 422),
)
def publish_policy(body: Annotated[PolicyBody, Body()]) -> Response[str]:
    asker = _asker()
    return _json(
        _desk().publish(
            asker.account,
            body.policy,
            who=asker.arn,
            note=body.note,
            now=asker.now,
            expected=body.expected_version,
        )
    )


@app.get(
    "/openapi.json",
    summary="This document.",
    operation_id="readOpenApi",
    responses={200: {"description": "OpenAPI 3.1.", "content": {content_types.APPLICATION_JSON: {"schema": {}}}}},
)
def openapi() -> Response[str]:
    return Response(200, content_types.APPLICATION_JSON, document(app))


def _asker() -> Asker:
    asker: Asker = app.context["asker"]
    return asker


def _desk() -> Desk:
    desk: Desk = app.context["desk"]
    return desk


def _json(body: Mapping[str, Any]) -> Response[str]:
    return Response(200, content_types.APPLICATION_JSON, json.dumps(body))


if __name__ == "__main__":
    sys.stdout.write(document(app))
