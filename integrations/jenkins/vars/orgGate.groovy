/*
 * A step for Jenkins pipelines: fails the build unless org-gate lets the deployment go on.
 *
 *     orgGate(targets: ['111122223333/eu-west-1/ECS+RDS'], wait: true, timeout: '2h')
 *
 * targets    where the deployment goes: ACCOUNT/REGION[/SERVICE+SERVICE[/ZONE+ZONE]], a list
 * url        the decision API; several, comma-separated, are tried in order. Default: ORG_GATE_URL of the build
 * pipeline   the name by which the policy and overrides know what deploys. Default: the job's
 * wait       true: while the answer is block, wait and ask again, until the timeout. Default: false
 * timeout    how long to wait, for example 30m. Default: 1h
 *
 * The agent is one with org-gate on its PATH (docs/integrations.md says how it comes there) and a POSIX shell, and
 * signs with the AWS credentials in its environment. What is given reaches the shell as environment variables only:
 * none of its text is ever run.
 */
def call(Map given = [:]) {
    def known = ['targets', 'url', 'pipeline', 'wait', 'timeout']
    def strange = given.keySet().findAll { !(it in known) }
    if (strange) {
        error("orgGate: it does not know ${strange.join(', ')}; it knows ${known.join(', ')}.")
    }
    def settings = [
        "ORG_GATE_TARGETS=${(given.targets ?: []).join(' ')}",
        "ORG_GATE_URL=${given.url ?: env.ORG_GATE_URL ?: ''}",
        "ORG_GATE_PIPELINE=${given.pipeline ?: env.JOB_NAME ?: ''}",
        "ORG_GATE_WAIT=${given.wait ?: false}",
        "ORG_GATE_TIMEOUT=${given.timeout ?: '1h'}",
    ]
    int code = -1
    withEnv(settings) {
        code = sh(label: 'org-gate check', returnStatus: true, script: '''#!/bin/sh
            set -fu
            if ! command -v org-gate > /dev/null; then
              echo "The agent has no org-gate on its PATH. Install it there first: docs/integrations.md says how." >&2
              exit 3
            fi
            set --
            for target in $ORG_GATE_TARGETS; do set -- "$@" "--target=$target"; done
            if [ -n "$ORG_GATE_PIPELINE" ]; then set -- "$@" "--pipeline=$ORG_GATE_PIPELINE"; fi
            case "$ORG_GATE_WAIT" in
              true) set -- "$@" --wait "--timeout=$ORG_GATE_TIMEOUT" ;;
              false) ;;
              *) echo "wait is either true or false." >&2; exit 2 ;;
            esac
            exec org-gate check "$@"
        ''')
    }
    switch (code) {
        case 0:
            return
        case 1:
            error('org-gate blocks this deployment: the log says why, and what to do now.')
        case 2:
            error('org-gate was asked wrongly, or refused the question: the log says what to correct.')
        default:
            error('org-gate could not find out whether it is safe to deploy: the log says why.')
    }
}
