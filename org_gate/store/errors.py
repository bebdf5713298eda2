"""What can go wrong with the table, by who has to act.

StoreError                    the table did not do what was asked
├── ConflictError             the caller: somebody else was first; read again and decide again
├── NoPolicyError             the platform team: publish a policy
├── TooLargeError             the caller: it does not fit an item
└── StoreUnavailableError     nobody at first: DynamoDB, or the way to it, or the role's permissions
"""


class StoreError(Exception):
    """The table did not do what was asked; nothing else of the request is in doubt."""


class ConflictError(StoreError):
    """Somebody else was first. Nothing was written."""


class NoPolicyError(StoreError):
    """No policy was ever published."""

    def __init__(self) -> None:
        super().__init__(
            "No policy has been published yet, so nothing can be decided. Publish one with `org-gate policy publish`.",
        )


class TooLargeError(StoreError):
    """It does not fit an item. Nothing was written."""


class StoreUnavailableError(StoreError):
    """DynamoDB did not answer as it should. ``operation`` and ``code`` say what was asked and what AWS said."""

    def __init__(self, operation: str, code: str, message: str) -> None:
        super().__init__(f"DynamoDB's {operation} failed with {code}: {message}")
        self.operation = operation
        self.code = code
