#!/bin/sh
# Asks org-gate whether it is safe to deploy, with curl and jq and nothing else of ours: for places where
# `org-gate check` cannot be installed.
#
#   org-gate-check.sh [-p PIPELINE] [-w SECONDS] ACCOUNT/REGION[/SERVICE+SERVICE[/ZONE+ZONE]] ...
#
#   -p PIPELINE   the name of the pipeline that deploys; the policy may treat it apart
#   -w SECONDS    while the answer is block, or there is none, wait and ask again, that long at most
#
# Reads ORG_GATE_URL (several, comma-separated, are tried in order), AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
# AWS_SESSION_TOKEN; AWS_REGION only where a URL does not name its Region.
#
# Exits with 0 on allow and warn, 1 on block, 2 where the question is wrong or refused, 3 where nothing could be
# found out. Deploy on 0 only.

set -u
set -f # targets and URLs are no file names

LF='
'

# Reads what curl wrote (the body, then a line with the status and the content type) and says: the exit code, the
# seconds after which to ask again, and the lines to show. Whatever is not certainly an answer is 3.
# shellcheck disable=SC2016  # these dollar signs are for jq
JUDGE='
def harmless:
  tostring
  | explode
  | map(if . < 32 or (. >= 127 and . <= 159) or . == 173 or . == 1564 or . == 1757 or . == 1807 or . == 6158
        or (. >= 1536 and . <= 1541) or (. >= 8203 and . <= 8207) or (. >= 8232 and . <= 8238)
        or (. >= 8288 and . <= 8303) or . == 65279 or (. >= 65529 and . <= 65531) or (. >= 917505 and . <= 917631)
        then 63 else . end)
  | implode
  | if contains("##") then split("[") | join("(") else . end;
def known: . == "allow" or . == "warn" or . == "block";
def severity: if . == "block" then 2 elif . == "warn" then 1 else 0 end;
def is_decision:
  type == "object" and (.verdict | known) and (.mode | type) == "string" and (.exempt | type) == "boolean"
  and (.summary | type) == "string" and (.decision_id | type) == "string"
  and (.retry_after_seconds | type) == "number"
  and (.targets | type) == "array" and all(.targets[]; type == "object")
  and (.reasons | type) == "array" and all(.reasons[]; type == "object" and (.verdict | known))
  and (.knowledge | type) == "object" and (.knowledge.stale | type) == "boolean" and (.knowledge.on_unknown | known);

# Knowledge too old and left to a gate: here is none, so it counts as not known (D13).
def left_to_a_gate: .knowledge.stale and (.knowledge.on_stale | known | not) and (.exempt | not);
def lifted: (.targets | length) > 0 and all(.targets[]; .overridden == true);
def unknown:
  if .knowledge.on_unknown == "block" and (lifted or .mode == "warn" or .mode == "shadow") then "warn"
  else .knowledge.on_unknown end;
def verdict:
  if left_to_a_gate and (unknown | severity) > (.verdict | severity) then unknown else .verdict end;

def reason:
  "  - " + .verdict + (if .rule then " (rule " + (.rule | harmless) + ")" else "" end) + ": "
  + (.explanation | harmless);
def shown:
  (verdict | ascii_upcase) + "  " + (.summary | harmless),
  (.reasons[:10][] | reason),
  (if left_to_a_gate then
    "  - " + .knowledge.on_unknown + ": what org-gate knows of AWS Health is too old, so nobody knows whether it is safe"
  else empty end),
  "  decision " + (.decision_id | harmless);

def no_answer($why): "3", "60", ("no answer: " + $why);

split("\n") as $lines
| ($lines[-1] | split(" ")) as [$status, $type]
| ($lines[:-1] | join("\n") | try fromjson catch null) as $body
| if $status == "200" and ($body | is_decision) then
    $body
    | (if verdict == "block" then "1" else "0" end), ([[.retry_after_seconds, 1] | max, 3600] | min | floor | tostring),
      shown
  elif ($status | startswith("4")) and (($type // "") | startswith("application/problem+json"))
       and ($body | type) == "object" then
    "2", "0", "The decision API refused (" + $status + "): " + (($body.detail // $body.title // "no detail") | harmless)
  elif $status == "401" or $status == "403" then
    no_answer("AWS did not let the request through (" + $status + "): the credentials are not valid, not of this "
      + "organization, or lack lambda:InvokeFunctionUrl and lambda:InvokeFunction on the function")
  elif $status == "200" then
    no_answer("what it sent is no answer of a decision API; is the URL right?")
  elif $status == "000" then
    no_answer("it could not be reached, or not in time")
  else
    no_answer("it answered " + ($status | harmless))
  end
'

main() {
  pipeline='' patience=0
  while getopts 'p:w:' option; do
    case $option in
      p) pipeline=$OPTARG ;;
      w) patience=$OPTARG ;;
      *) wrong_use 'Options are -p PIPELINE and -w SECONDS.' ;;
    esac
  done
  shift $((OPTIND - 1))
  check_use "$@"
  # shellcheck disable=SC2016  # for jq
  question=$(jq -cn --arg pipeline "$pipeline" '{targets: $ARGS.positional, source: "curl"}
    + if $pipeline == "" then {} else {pipeline: {name: $pipeline}} end' --args "$@") || end 3 'jq failed.'
  now=$(date +%s)
  deadline=$((now + patience))
  while :; do
    left=$((deadline - now))
    ask_all "$question"
    case $code in 0 | 2) break ;; esac
    [ "$left" -gt 0 ] || break
    [ "$pause" -le "$left" ] || pause=$left
    say "${shown%%"$LF"*} Asking again in $pause s."
    sleep "$pause"
    now=$(date +%s)
  done
  [ "$code" = 0 ] || end "$code" "$shown"
  printf '%s\n' "$shown"
}

check_use() {
  for tool in curl jq; do
    command -v "$tool" >/dev/null || end 3 "$tool is not installed, so nothing could be found out."
  done
  case $patience in '' | *[!0-9]* | 0?* | ????????*) wrong_use "-w: '$patience' is not a number of seconds." ;; esac
  [ $# -gt 0 ] || wrong_use 'Say where the deployment goes: ACCOUNT/REGION[/SERVICE+SERVICE[/ZONE+ZONE]].'
  for target in "$@"; do
    case $target in
      /* | [0-9]*/*) ;;
      *) wrong_use "'$target' is not a target; write ACCOUNT/REGION[/SERVICE+SERVICE[/ZONE+ZONE]]." ;;
    esac
  done
  [ -n "${ORG_GATE_URL:-}" ] || wrong_use 'Set ORG_GATE_URL to the URL of the decision API.'
  # They go into a file of settings for curl, which these letters leave in form.
  case ${AWS_ACCESS_KEY_ID:-}${AWS_SECRET_ACCESS_KEY:-}${AWS_SESSION_TOKEN:-} in
    *[!A-Za-z0-9+/=_-]*) end 3 'The AWS credentials have letters that no AWS credentials have.' ;;
  esac
  if [ -z "${AWS_ACCESS_KEY_ID:-}" ] || [ -z "${AWS_SECRET_ACCESS_KEY:-}" ]; then
    end 3 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set, so nothing could be found out.'
  fi
}

# The first URL that answers. Sets code, pause and shown.
ask_all() {
  code=3 pause=60 shown='No decision API answered, so nothing could be found out.'
  IFS=', '
  # shellcheck disable=SC2086  # split at commas
  set -- "$1" ${ORG_GATE_URL}
  unset IFS
  question=$1
  shift
  for url in "$@"; do
    judged=$(ask "${url%/}" | jq -Rrs "$JUDGE" 2>/dev/null) || judged=''
    case $judged in
      [012]"$LF"*) read_judgement && return ;;
      3"$LF"*) why=${judged##*"$LF"} ;;
      *) why='no answer: what it sent cannot be read' ;;
    esac
    shown="$shown$LF  $url: $why"
  done
}

read_judgement() {
  code=${judged%%"$LF"*}
  judged=${judged#*"$LF"}
  pause=${judged%%"$LF"*}
  shown=${judged#*"$LF"}
}

# The secret goes to curl by its standard input: what is in its arguments, every process of the machine can read.
ask() {
  region=$(printf '%s\n' "$1/" | sed -n 's|.*[./]lambda-url[./]\([a-z0-9-]*\)[./].*|\1|p')
  region=${region:-${AWS_REGION:-${AWS_DEFAULT_REGION:-}}}
  [ -n "$region" ] || {
    say "$1 does not name its Region; set AWS_REGION to the Region it is in."
    return
  }
  {
    printf 'user = "%s:%s"\n' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY"
    [ -z "${AWS_SESSION_TOKEN:-}" ] || printf 'header = "X-Amz-Security-Token: %s"\n' "$AWS_SESSION_TOKEN"
  } | curl -q --config - --globoff --silent --show-error --proto '=http,https' --max-time 15 --max-filesize 4000000 \
    --aws-sigv4 "aws:amz:$region:lambda" \
    --header 'Content-Type: application/json' --header 'Accept: application/json, application/problem+json' \
    --data-binary "$question" --write-out '\n%{http_code} %{content_type}' "$1/v1/decisions"
}

say() { printf '%s\n' "$1" >&2; }

end() {
  say "$2"
  exit "$1"
}

wrong_use() { end 2 "$1"; }

main "$@"
