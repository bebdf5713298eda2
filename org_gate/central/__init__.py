"""The Lambda functions of the delegated-administrator account: the collector and the decision API.

Thin shells: they read their settings, make their clients, take *now* from their event (D17), and hand over to
`health`, `store` and `decision`. No logic lives here that has no AWS in it.
"""
