"""``org-gate explain``: the whole why of a decision, in words or as the API's own JSON (C1)."""

import click

from org_gate.cli.output import format_option, print_json, stop_unanswered
from org_gate.cli.reaching import connected, url_option
from org_gate.cli.surroundings import Surroundings
from org_gate.cli.text import harmless
from org_gate.client.errors import ApiError
from org_gate.decision.explain import explanation_text


@click.command()
@click.argument("decision_id", metavar="ID")
@format_option
@url_option(required=True, what="searched in order, until one has the decision")
@click.pass_context
def explain(ctx: click.Context, decision_id: str, output: str, urls: tuple[str, ...]) -> None:
    """Explain the decision ID: every event and freeze that could count, and why it did or did not.

    Which rules were tried and why each did not match, which one decided, what overrides lifted, what was known then
    and how old it was. The id stands in the gate's message and in what `org-gate check` prints.

    \b
      org-gate explain d-0123456789abcdef0123456789abcdef
      org-gate explain d-0123456789abcdef0123456789abcdef --format json

    Exits with 2 where no URL knows the id or it is not yours to see, with 3 where one that might know it did not
    answer.
    """  # noqa: D301  click's own mark: these lines are not to be rewrapped
    try:
        found = connected(ctx.obj or Surroundings(), urls).explanation(decision_id)
    except ApiError as error:
        stop_unanswered(error, output)
    if output == "json":
        print_json(found)
        return
    for line in explanation_text(found["explanation"], found["decision"]):
        click.echo(harmless(line))
