"""An explanation as lines for a person in a terminal, who has little time: the verdict, what to do, then why.

Reads the JSON forms, as they came over the wire. What strangers wrote is brought to one printable line of bounded
length; so is the number of lines: the JSON form says more.
"""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from org_gate.decision.words import plain
from org_gate.model.times import describe_duration

_Json = Mapping[str, Any]

_LONG: Final = 500
_LONGEST_NAME: Final = 2048
_MOST_ACCOUNTS: Final = 10
_MOST_EVENTS: Final = 10
"""So many events of a target are told with all that was tried; the others by name."""
_MOST_NAMED: Final = 40
_MOST_TRIED: Final = 12
_MOST_LINES_OF_ONE: Final = 20
_LEFT_OUT: Final = {
    "region": "in other Regions",
    "account": "of other accounts",
    "service": "of other services",
    "zone": "in other zones",
    "over": "over",
}


def explanation_text(explanation: _Json, decision: _Json) -> list[str]:
    """``decision`` is the recorded one (A2), ``explanation`` what ``explanation_json`` gave for it."""
    return [
        *_opening(explanation, decision),
        *_block("How it comes about", (_said(step) for step in explanation["because"])),
        *(line for index in _worst_first(explanation) for line in _target(explanation, index)),
        *_block("Other events known", _left_out(explanation)),
        *_block("Freezes", _freezes(explanation)),
        *_block("Overrides", _overrides(explanation)),
        *_block("Exempt", _exempt(explanation)),
        *_block("Knowledge", _knowledge(explanation["knowledge"])),
    ]


def _said(text: object, longest: int = _LONG) -> str:
    return plain(str(text), longest)


def _block(title: str, lines: Iterator[str]) -> Iterator[str]:
    told = list(lines)
    if told:
        yield ""
        yield title
        yield from (f"  {line}" for line in told)


def _opening(explanation: _Json, decision: _Json) -> Iterator[str]:
    yield f"{_said(decision['verdict']).upper()}  {_said(decision['summary'])}"
    yield f"What to do: {_advice(explanation)}"
    if explanation["lift"]:
        yield f"If it cannot wait: {_override_command(explanation['lift'])}"
    if (explanation["verdict"], explanation["would_be"]) != (decision["verdict"], decision["would_be"]):
        yield (
            f"Note: the decision said {_said(decision['verdict'])}; looked at again, from what is kept of it, it comes "
            f"to {explanation['verdict']}. What follows explains the latter."
        )
    yield (
        f"Decision {_said(decision['decision_id'])}, made at {_said(decision['evaluated_at'])} by policy version "
        f"{_said(decision['policy_version'])}."
    )


def _advice(explanation: _Json) -> str:
    if explanation["verdict"] == "block":
        return _advice_on_block(explanation)
    if explanation["would_be"] == "block":
        return "nothing, it goes on; in mode enforce it would be blocked."
    if explanation["verdict"] == "warn":
        return "it goes on; look at the reasons below, and watch the deployment."
    return "nothing, it goes on."


def _advice_on_block(explanation: _Json) -> str:
    then = "what the gate stopped goes on by itself" if explanation["resumes"] else "retry it"
    leading = explanation["leading"]
    if leading["kind"] == "stale":
        return f"have the platform team look at the collector; once AWS Health can be read again, {then}."
    if leading["kind"] == "freeze":
        return f"wait for the end of the freeze (below); then {then}."
    event = _event_of(explanation, leading)
    if event.get("drill"):
        return f"nothing is wrong, this is a drill; when it ends, {then}."
    return f"wait until what blocks it is over; then {then}."


def _event_of(explanation: _Json, leading: _Json) -> _Json:
    """Empty where the explanation had no room for it."""
    shown = (one["event"] for one in explanation["events"] if one["target"] == leading["target"])
    return next((event for event in shown if event["arn"] == leading["named"]), {})


def _override_command(lift: _Json) -> str:
    """What a person may paste: every value is quoted for a shell."""
    accounts, events = lift["accounts"][:_MOST_ACCOUNTS], lift["events"]
    options = [f"--account {shlex.quote(_said(account))}" for account in accounts]
    options += [f"--event {shlex.quote(_said(event, _LONGEST_NAME))}" for event in events]
    command = f'org-gate override create {" ".join(options)} --reason "…" --for 1h'
    missing = len(lift["accounts"]) - len(accounts)
    return f"{command} (and --account for {missing} more, named in --format json)" if missing else command


def _worst_first(explanation: _Json) -> list[int]:
    """The events come in that order, so the targets that they concern do."""
    return list(dict.fromkeys([*(one["target"] for one in explanation["events"]), *range(len(explanation["targets"]))]))


def _target(explanation: _Json, index: int) -> Iterator[str]:
    target = explanation["targets"][index]
    place = "not in the organization tree" if target["ou"] is None else f"OU {_said(target['ou']) or 'root'}"
    ground = ", where the pipeline itself runs" if target["own_ground"] else ""
    yield ""
    yield f"Target {_said(target['text'])} ({place}{ground})"
    yield f"  mode {target['mode']}, {_mode_from(target)}"
    yield from (f"  hint: {_said(hint)}" for hint in target["hints"])
    events = [one for one in explanation["events"] if one["target"] == index]
    if not events:
        yield "  no event concerns it" if not explanation["events_omitted"] else "  no event of those told concerns it"
    yield from (f"  {line}" for line in _events(events, target["mode"]))


def _mode_from(target: _Json) -> str:
    if target["mode_entry"] is None:
        return "the policy's own" if not target["modes"] else "the policy's own: no entry of modes gives another"
    entry = f"by entry {target['mode_entry'] + 1} of modes"
    doubts = [one for one in target["modes"] if one["entry"] == target["mode_entry"] and one["fit"] == "unknown"]
    return f"{entry}, of which it is not known whether it fits ({_why(doubts[0])})" if doubts else entry


def _why(held: _Json) -> str:
    return _said("; ".join(map(str, held["why"])))


def _events(events: Sequence[_Json], mode: str) -> Iterator[str]:
    before: object = None
    for one in events[:_MOST_EVENTS]:
        yield f"{_said(one['verdict']).upper():5}  {_said(one['text'])}"
        yield from (f"       {line}" for line in _event(one, mode, tried_before=one["rules"] == before))
        before = one["rules"]
    for one in events[_MOST_EVENTS:_MOST_NAMED]:
        rule = f"rule {_said(one['rule'])}" if one["rule"] else "the policy's default"
        yield f"{_said(one['verdict']).upper():5}  {_said(one['text'])} ({rule})"
    if len(events) > _MOST_NAMED:
        yield f"and {len(events) - _MOST_NAMED} more events, all in --format json"


def _event(one: _Json, mode: str, *, tried_before: bool) -> Iterator[str]:
    if one["counts_as"] != one["verdict"]:
        why = f"override {_said(one['override_id'])} lifts it" if one["override_id"] else f"the mode is {mode}"
        yield f"counts as {one['counts_as']}: {why}"
    yield _said(one["event"]["arn"])
    yield f"concerns it: {_said('; '.join(map(str, one['grounds'])))}"
    if tried_before:
        yield "the rules: as for the event before"
        return
    at = next((at for at, rule in enumerate(one["rules"]) if rule["rule"] == one["rule"]), None)
    if at is None:
        yield f"no rule decides, the policy's default does: {_said(one['verdict'])}"
    shown = [rule for place, rule in enumerate(one["rules"]) if place < _MOST_TRIED or place == at]
    yield from (_tried(rule, decides=rule["rule"] == one["rule"]) for rule in shown)
    omitted = len(one["rules"]) - len(shown) + one["rules_omitted"]
    if omitted:
        yield f"and {omitted} more rules that were tried"


def _tried(rule: _Json, *, decides: bool) -> str:
    name = f"rule {_said(rule['rule'])} ({_said(rule['verdict'])})"
    match rule["fit"], decides:
        case "yes", True:
            return f"{name} fits and decides"
        case "yes", False:
            return f"{name} fits too, and is not more severe"
        case "unknown", True:
            return f"{name} may fit and decides, as the more severe of both ways: {_why(rule)}"
        case "unknown", False:
            return f"{name} may fit: {_why(rule)}"
    return f"{name} does not fit: {_why(rule)}"


def _left_out(explanation: _Json) -> Iterator[str]:
    counts = explanation["events_left_out"]
    told = [f"{counts[why]} {words}" for why, words in _LEFT_OUT.items() if counts.get(why)]
    if told:
        yield f"none of these concerns a target: {', '.join(told)}"
    if explanation["events_omitted"]:
        yield f"{explanation['events_omitted']} more that concern a target are not told here, the less severe ones"


def _freezes(explanation: _Json) -> Iterator[str]:
    """Those in force first."""
    for freeze in sorted(explanation["freezes"], key=lambda one: not one["in_force"])[:_MOST_LINES_OF_ONE]:
        name = f"{_said(freeze['name'])} ({_said(freeze['verdict'])})"
        if not freeze["in_force"]:
            yield f"{name} is not in force: {_said(freeze['why'])}"
            continue
        yield f"{name} is in force from {freeze['from']} until {freeze['to']}"
        yield from (f"  {_frozen(explanation, one)}" for one in freeze["targets"][:_MOST_LINES_OF_ONE])
    yield from _more(len(explanation["freezes"]), "freezes")


def _frozen(explanation: _Json, one: _Json) -> str:
    where = _said(explanation["targets"][one["target"]]["text"])
    if not one["holds"]:
        missed = one["targets"]["fit"] == "no"
        return f"does not hold up {where}: {_why(one['targets']) if missed else 'its except fits'}"
    doubts = [held for held in (one["targets"], one["except"]) if held and held["fit"] == "unknown"]
    unsure = f"; not known whether it is meant ({_why(doubts[0])}), so it counts" if doubts else ""
    lifted = f"; lifted by override {_said(one['override_id'])}" if one["override_id"] else ""
    return f"holds up {where}{unsure}{lifted}"


def _overrides(explanation: _Json) -> Iterator[str]:
    known = explanation["overrides"]["known"]
    for one in known[:_MOST_LINES_OF_ONE]:
        name = f"{_said(one['override_id'])} of {_said(one['who'])}"
        if not one["in_force"]:
            yield f"{name} is not in force: {_said(one['why'])}"
            continue
        yield f"{name} is in force until {_said(one['expires_at'])}: {_said(one['reason'])}"
        yield f"  {_lifts(one)}"
        yield from (f"  {_not_named(explanation, target)}" for target in one["targets"] if not target["names"])
    yield from _more(len(known) + explanation["overrides"]["omitted"], "overrides")


def _lifts(override: _Json) -> str:
    number = len(override["lifts"]) + override["lifts_omitted"]
    events = _said(", ".join(map(str, override["events"])))
    if number:
        return f"lifts {number} reason{'s' if number > 1 else ''}: {events}"
    if any(target["names"] for target in override["targets"]):
        return f"lifts nothing here: no reason is one of {events}"
    return "lifts nothing here: it names no target"


def _not_named(explanation: _Json, target: _Json) -> str:
    return f"does not name {_said(explanation['targets'][target['target']]['text'])}: {_said(target['why'])}"


def _more(number: int, what: str) -> Iterator[str]:
    if number > _MOST_LINES_OF_ONE:
        yield f"and {number - _MOST_LINES_OF_ONE} more {what}, in --format json"


def _exempt(explanation: _Json) -> Iterator[str]:
    targets = explanation["exempt"]["targets"]
    if not any(one["entries"] or one["entries_omitted"] for one in targets):
        return
    yield "yes, every given target fits an entry" if explanation["exempt"]["exempt"] else "no"
    for one in targets[:_MOST_LINES_OF_ONE]:
        where = _said(explanation["targets"][one["target"]]["text"])
        if one["entry"] is not None:
            yield f"{where} fits entry {one['entry'] + 1}"
            continue
        for entry in one["entries"][:_MOST_LINES_OF_ONE]:
            fits = "does not fit" if entry["fit"] == "no" else "may fit, which does not count,"
            yield f"{where} {fits} entry {entry['entry'] + 1}: {_why(entry)}"


def _knowledge(knowledge: _Json) -> Iterator[str]:
    age = knowledge["age_seconds"]
    known = "" if age is None else f"as of {knowledge['as_of']}, {describe_duration(timedelta(seconds=age))} old; "
    yield f"{known}{_said(knowledge['meaning'])}"
