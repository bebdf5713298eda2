"""The routes of policies, for the central account alone: what each takes and answers, and the function it calls."""

from typing import Annotated, Final

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.params import Body, Path

from org_gate.central import answers
from org_gate.central.bodies import MAX_VERSION, ComparisonBody, PolicyBody
from org_gate.central.serving import app, as_json, has_time, responses, the_asker, the_desk

METHODS: Final = {
    "/v1/policies": ("GET", "POST"),
    "/v1/policies/comparison": ("POST",),
    "/v1/policies/[^/]+": ("GET",),
}


@app.get(
    "/v1/policies",
    summary="The published policies. For the central account alone.",
    operation_id="listPolicies",
    responses=responses(answers.PoliciesAnswer, "The versions.", 403),
)
def policies() -> Response[str]:
    return as_json(the_desk().policies.all(the_asker().account))


@app.get(
    "/v1/policies/<version>",
    summary="One version of the policy, whole. For the central account alone.",
    operation_id="readPolicy",
    responses=responses(answers.PolicyDocumentAnswer, "The version.", 403, 404, 422),
)
def policy_version(
    version: Annotated[int, Path(ge=1, le=MAX_VERSION, description="As publishing it gave it.")],
) -> Response[str]:
    return as_json(the_desk().policies.version(the_asker().account, version))


@app.get("/v1/policies/comparison", include_in_schema=False)
def no_comparison() -> Response[str]:
    """Else it would be taken for a version's number."""
    raise NotFoundError


@app.post(
    "/v1/policies",
    summary="Publishes a policy. For the central account alone.",
    operation_id="publishPolicy",
    responses=responses(answers.PublishedAnswer, "It holds from now on.", 400, 403, 409, 413, 422),
)
def publish_policy(body: Annotated[PolicyBody, Body()]) -> Response[str]:
    published = the_desk().policies.publish(the_asker(), body.policy, note=body.note, expected=body.expected_version)
    return as_json(published)


@app.post(
    "/v1/policies/comparison",
    summary="What a policy would have changed in the newest decisions. For the central account alone.",
    description=(
        "Decides again what was decided, each at its own time, and writes nothing. Only the events that were recorded "
        "with a decision are looked at: one that did not concern it under the policy of its time, but would under "
        "this one, stays unseen."
    ),
    operation_id="comparePolicy",
    responses=responses(answers.ComparisonAnswer, "What would be other.", 400, 403, 413, 422),
)
def compare_policy(body: Annotated[ComparisonBody, Body()]) -> Response[str]:
    return as_json(the_desk().policies.compare(the_asker(), body.policy, body.last, has_time))
