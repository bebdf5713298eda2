"""The routes of what people do by hand: overrides, and for the central account drills and declared events."""

from typing import Annotated, Final

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query

from org_gate.central import answers
from org_gate.central.bodies_by_hand import DeclaredBody, DrillBody, OverrideBody
from org_gate.central.listings import MOST_LISTED
from org_gate.central.serving import app, as_json, responses, the_asker, the_desk

METHODS: Final = {
    "/v1/overrides": ("GET", "POST"),
    "/v1/overrides/[^/]+": ("DELETE",),
    "/v1/drills": ("GET", "POST"),
    "/v1/drills/[^/]+": ("DELETE",),
    "/v1/declared-events": ("GET", "POST"),
    "/v1/declared-events/[^/]+": ("DELETE",),
}

Everything = Annotated[bool, Query(alias="all", description="Those that are over, too.")]
Limit = Annotated[int, Query(ge=1, le=MOST_LISTED)]
Id = Annotated[str, Path(description="As creating it gave it.")]


@app.post(
    "/v1/overrides",
    summary="Lifts what would block: for the caller's account as far as override_grants lets it, for central anything.",
    operation_id="createOverride",
    responses=responses(answers.OverrideAnswer, "It is in force.", 400, 403, 409, 413, 422),
)
def create_override(body: Annotated[OverrideBody, Body()]) -> Response[str]:
    return as_json(the_desk().overrides.create(body.override(the_asker())))


@app.get(
    "/v1/overrides",
    summary="Overrides in force, the newest first: those the caller made and those that may name it; for central, all.",
    operation_id="listOverrides",
    responses=responses(answers.OverridesAnswer, "The overrides.", 422),
)
def overrides(everything: Everything = False, limit: Limit = 100) -> Response[str]:  # noqa: FBT002  as asked by name
    return as_json(the_desk().overrides.listed(the_asker(), everything=everything, limit=limit))


@app.delete(
    "/v1/overrides/<override_id>",
    summary="Revokes an override, once: for the account that made it and the central account.",
    operation_id="revokeOverride",
    responses=responses(answers.OverrideAnswer, "The override, which is over.", 404),
)
def revoke_override(override_id: Id) -> Response[str]:
    return as_json(the_desk().overrides.revoke(override_id, the_asker()))


@app.post(
    "/v1/drills",
    summary="Starts a drill: a synthetic event that ends by itself. For the central account alone.",
    operation_id="startDrill",
    responses=responses(answers.SyntheticAnswer, "It runs.", 400, 403, 409, 413, 422),
)
def start_drill(body: Annotated[DrillBody, Body()]) -> Response[str]:
    return as_json(the_desk().synthetic.start(body.wish(), the_asker()))


@app.get(
    "/v1/drills",
    summary="Drills that run, the newest first. For the central account alone.",
    operation_id="listDrills",
    responses=responses(answers.DrillsAnswer, "The drills.", 403, 422),
)
def drills(everything: Everything = False, limit: Limit = 100) -> Response[str]:  # noqa: FBT002  as asked by name
    return as_json(the_desk().synthetic.listed("drill", the_asker(), everything=everything, limit=limit))


@app.delete(
    "/v1/drills/<drill_id>",
    summary="Stops a drill, once. For the central account alone.",
    operation_id="stopDrill",
    responses=responses(answers.SyntheticAnswer, "The drill, which is over.", 403, 404),
)
def stop_drill(drill_id: Id) -> Response[str]:
    return as_json(the_desk().synthetic.stop("drill", drill_id, the_asker()))


@app.post(
    "/v1/declared-events",
    summary="Declares an incident that AWS has not posted yet; it ends by itself. For the central account alone.",
    operation_id="declareEvent",
    responses=responses(answers.SyntheticAnswer, "It counts.", 400, 403, 409, 413, 422),
)
def declare_event(body: Annotated[DeclaredBody, Body()]) -> Response[str]:
    return as_json(the_desk().synthetic.start(body.wish(), the_asker()))


@app.get(
    "/v1/declared-events",
    summary="Declared events that count, the newest first. For the central account alone.",
    operation_id="listDeclaredEvents",
    responses=responses(answers.DeclaredEventsAnswer, "The declared events.", 403, 422),
)
def declared_events(everything: Everything = False, limit: Limit = 100) -> Response[str]:  # noqa: FBT002  as asked by name
    return as_json(the_desk().synthetic.listed("declared", the_asker(), everything=everything, limit=limit))


@app.delete(
    "/v1/declared-events/<event_id>",
    summary="Closes a declared event, once. For the central account alone.",
    operation_id="closeDeclaredEvent",
    responses=responses(answers.SyntheticAnswer, "The declared event, which is over.", 403, 404),
)
def close_declared_event(event_id: Id) -> Response[str]:
    return as_json(the_desk().synthetic.stop("declared", event_id, the_asker()))
