"""Has the present gate ask and the present central answer, and keeps what they said."""

from pathlib import Path
from typing import Any, Final

from org_gate import __version__
from tests.unit.central.support import Api, FakeStore, issue
from tests.unit.member.support import CENTRAL, World, reply

FOLDER: Final = Path(__file__).parent
PRESENT: Final = FOLDER / f"{__version__}.json"
PIPELINE: Final = {
    "pipelineName": "orders",
    "pipelineArn": "arn:aws:codepipeline:us-east-1:111122223333:orders",
    "pipelineExecutionId": "11111111-2222-3333-4444-666666666666",
    "stage": {"name": "Gate"},
    "action": {"name": "HealthCheck"},
}


def exchange() -> dict[str, Any]:
    """``asked`` are bodies of requests for a decision, ``answered`` what central answers, by what the case is."""
    asked = {
        "targets given": _asked({"targets": ["111122223333/eu-west-1/ECS+RDS/euw1-az1"]}),
        "hold": _asked({"targets": ["111122223333/eu-west-1"], "on_block": "hold"}),
        "nothing given": _asked(None),
    }
    api = central()
    answered = {case: api.request("POST", "/v1/decisions", body).body for case, body in asked.items()}
    refused = api.request("POST", "/v1/decisions", {"targets": ["444455556666/eu-west-1"]}).body
    status = api.request("GET", "/v1/status").body
    return {"asked": asked, "answered": answered, "refused": refused, "status": status}


def central() -> Api:
    """With one open issue that concerns what is asked."""
    return Api(FakeStore(events_known=(issue(region="eu-west-1"), issue(2))))


def _asked(parameters: object) -> Any:
    """What the gate sends on a job with these UserParameters."""
    world = World(details=PIPELINE)
    world.run(parameters)
    return world.asked[0][1]


def acted_on(answer: Any, parameters: object = None) -> tuple[str, Any]:
    """What the present gate tells CodePipeline where central answers so."""
    world = World(details=PIPELINE, central={CENTRAL: [reply(answer)]})
    world.run(parameters)
    return world.answer


def shape(value: Any) -> Any:
    """Names and types alone; of a list, those of its entries together."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value[:1]]
    return type(value).__name__


def lacks(new: Any, old: Any, path: str = "") -> list[str]:
    """The paths that were there, and are not any more or have another type. None stands for any type."""
    if isinstance(old, dict) and isinstance(new, dict):
        return [
            missing
            for name, each in old.items()
            for missing in (lacks(new[name], each, f"{path}/{name}") if name in new else [f"{path}/{name}"])
        ]
    if isinstance(old, list) and isinstance(new, list) and old and new:
        return lacks(new[0], old[0], f"{path}[]")
    same = type(new) is type(old) or old is None or new is None
    return [] if same else [path]
