"""The environment and the context of a function, as Lambda sets them: built from nothing, never inherited."""

import sys
from collections.abc import Mapping
from typing import Final

from org_gate.simulator.lambdas.functions import DeployedFunction, role_credentials

RESPONSE_LIMIT: Final = 6_291_556
TIMED_OUT: Final = "Sandbox.Timedout"
TOO_LARGE: Final = "Function.ResponseSizeTooLarge"
EXITED: Final = "Runtime.ExitError"
NOT_ALLOWED: Final = "AccessDeniedException"

VERSION: Final = "$LATEST"


def function_environment(function: DeployedFunction, endpoint: str) -> dict[str, str]:
    """The function's own variables and Lambda's. Raises functions.RoleNotUsableError."""
    return {
        **function.environment,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": VERSION,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": log_group(function),
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream(function),
        "AWS_REGION": function.region,
        "TZ": "UTC",
        "_HANDLER": function.handler,
        **role_credentials(function),
    }


def log_group(function: DeployedFunction) -> str:
    return f"/aws/lambda/{function.name}"


def log_stream(function: DeployedFunction) -> str:
    return f"[{VERSION}]{function.name}"


def error_payload(error_type: str, message: str) -> Mapping[str, str]:
    """The answer of an invocation that the service, not the function, ended."""
    return {"errorType": error_type, "errorMessage": message}


def too_large_message() -> str:
    return f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
