"""What AWS asked for in US East (N. Virginia), and what a month of org-gate is taken to be where nothing counts it.

Prices are list prices without free tiers, discounts and tax, as public pages told them; ``AS_OF`` says when these were
written. None was read from AWS's own price list: look at that, for your Region, before you rely on a number here.
"""

from collections.abc import Mapping
from typing import Final

AS_OF: Final = "2026-06"
REGION: Final = "US East (N. Virginia), us-east-1"
MILLION: Final = 1_000_000
GIGABYTE: Final = 1_000_000_000

PRICES: Final[Mapping[str, tuple[float, str]]] = {
    "read units": (0.125 / MILLION, "DynamoDB on-demand, a million $0.125, since November 2024"),
    "write units": (0.625 / MILLION, "DynamoDB on-demand, a million $0.625, since November 2024"),
    "table GB": (0.25, "DynamoDB standard table class, a GB and month (assumed)"),
    "recovery GB": (0.20, "DynamoDB point-in-time recovery, a GB and month (assumed)"),
    "Lambda GB-seconds": (0.0000133334, "AWS Lambda on arm64"),
    "Lambda requests": (0.20 / MILLION, "AWS Lambda, a million"),
    "log GB": (0.50, "CloudWatch Logs, a GB taken in"),
    "metrics": (0.30, "CloudWatch, a custom metric and month, the first 10,000"),
    "alarms": (0.10, "CloudWatch, a standard alarm and month (assumed)"),
    "dashboards": (3.00, "CloudWatch, a dashboard and month"),
    "SQS requests": (0.40 / MILLION, "Amazon SQS standard queues, a million"),
    "SNS publishes": (0.50 / MILLION, "Amazon SNS standard topics, a million"),
    "S3 GB": (0.023, "Amazon S3 Standard, a GB and month (assumed)"),
    "S3 PUTs": (0.005 / 1000, "Amazon S3 Standard, a thousand PUTs (assumed)"),
}
"""In US dollars; *assumed*: known from before, and found on no page of that time."""

TABLE_MS: Final = 5
"""A call to DynamoDB from a Lambda."""
HEALTH_MS: Final = 200
"""A call to AWS Health from another Region."""
API_MS: Final = 10
"""The processor's part of a check with 1,024 MB, which is 0.6 of a processor."""
STEP_MS: Final = 50
"""The same of a poll or a look."""
GATE_MS: Final = 400
"""A gate's whole check, warm: two calls of AWS CodePipeline, one of the decision API, one more for the answer."""
LOG_BYTES: Final = 1_500
"""What an invocation writes to its log, Lambda's own lines and the metrics in it included."""
EMPTY_RECEIVES: Final = 648_000
"""A month of Lambda's five pollers at an idle queue, each asking for 20 seconds."""
METRICS: Final = 30
"""Names and dimensions together."""
RECORD_DAYS: Final = 400
"""How long decisions are kept."""
