"""The decision API's routes: what each takes and answers (A2, A3), and the one function of a desk that it calls.

Decisions, events and the status are here; ``routes_policies`` and ``routes_by_hand`` have the others. What goes wrong
is raised here and becomes a problem in ``api``.
"""

import sys
from typing import Annotated, Final

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query

from org_gate.central import answers, routes_by_hand, routes_policies
from org_gate.central.bodies import MAX_NAME, AccountId, DecisionBody, Name, Region
from org_gate.central.history import Wanted
from org_gate.central.serving import app, as_json, responses, the_asker, the_desk
from org_gate.central.spec import document
from org_gate.central.telemetry import tell_decision
from org_gate.policy.fields import Moment

MAX_LISTED: Final = 500

METHODS: Final = {
    # path, as a regular expression: what it takes
    "/v1/decisions": ("GET", "POST"),
    "/v1/decisions/[^/]+": ("GET",),
    "/v1/decisions/[^/]+/explanation": ("GET",),
    "/v1/events": ("GET",),
    "/v1/status": ("GET",),
    **routes_policies.METHODS,
    **routes_by_hand.METHODS,
    "/openapi.json": ("GET",),
}

DecisionId = Annotated[str, Path(description="As the decision gave it.")]


@app.post(
    "/v1/decisions",
    summary="Is it safe to deploy there now?",
    operation_id="decide",
    responses=responses(answers.DecisionAnswer, "The decision.", 400, 403, 413, 422),
)
def decide(body: Annotated[DecisionBody, Body()]) -> Response[str]:
    asker = the_asker()
    gate = None if body.gate is None else body.gate.model_dump()
    decision = the_desk().decide(body.request(asker.account), asker.now, gate)
    tell_decision(decision, asker.account)
    return as_json(decision)


@app.get(
    "/v1/decisions",
    summary="Decisions taken earlier, the newest first: the caller's; for the central account, everybody's.",
    operation_id="listDecisions",
    responses=responses(answers.DecisionsAnswer, "A page of them; it may be short and not the last.", 403, 422),
)
def decisions(  # noqa: PLR0917  one for each parameter
    account: Annotated[AccountId | None, Query(description="Only those that this account asked for.")] = None,
    pipeline: Annotated[Name | None, Query(description="Only those of pipelines of this name.")] = None,
    region: Annotated[Region | None, Query(description="The pipeline's.")] = None,
    since: Annotated[Moment | None, Query(alias="from", description="Only those from then on.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Only those before then.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LISTED)] = 100,
    after: Annotated[
        str | None, Query(alias="next", max_length=MAX_NAME, description="The next of the page before.")
    ] = None,
) -> Response[str]:
    wanted = Wanted(
        account=account, pipeline=pipeline, region=region, since=since, until=until, after=after, limit=limit
    )
    return as_json(the_desk().history.listed(the_asker(), wanted))


@app.get(
    "/v1/decisions/<decision_id>",
    summary="A decision taken earlier, as it was answered.",
    operation_id="readDecision",
    responses=responses(answers.DecisionAnswer, "The decision.", 404),
)
def decision(decision_id: DecisionId) -> Response[str]:
    return as_json(the_desk().history.decision(decision_id, the_asker().account))


@app.get(
    "/v1/decisions/<decision_id>/explanation",
    summary="A decision taken earlier, and its whole why: what was looked at, what was tried, what decided.",
    operation_id="explainDecision",
    responses=responses(answers.ExplanationAnswer, "The decision and the explanation.", 404),
)
def explanation(decision_id: DecisionId) -> Response[str]:
    return as_json(the_desk().history.explanation(decision_id, the_asker().account))


@app.get(
    "/v1/events",
    summary="Events that are not over: public ones, and those that affect the account.",
    operation_id="listEvents",
    responses=responses(answers.EventsAnswer, "The events.", 403, 422),
)
def events(
    account: Annotated[
        AccountId | None, Query(description="Left out: the caller's; for the central account, all.")
    ] = None,
    region: Annotated[Region | None, Query(description="Only events whose Region this is; global is one.")] = None,
) -> Response[str]:
    asker = the_asker()
    return as_json(the_desk().events(asker.account, account, region, asker.now))


@app.get(
    "/v1/status",
    summary="How fresh the knowledge is, and which policy holds.",
    operation_id="readStatus",
    responses=responses(answers.StatusAnswer, "The status."),
)
def status() -> Response[str]:
    return as_json(the_desk().status(the_asker().now))


@app.get(
    "/openapi.json",
    summary="This document.",
    operation_id="readOpenApi",
    responses={200: {"description": "OpenAPI 3.1.", "content": {content_types.APPLICATION_JSON: {"schema": {}}}}},
)
def openapi() -> Response[str]:
    return Response(200, content_types.APPLICATION_JSON, document(app))


if __name__ == "__main__":
    sys.stdout.write(document(app))
