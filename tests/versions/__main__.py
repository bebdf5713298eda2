"""``python -m tests.versions``: records what the present version says. Done once, when a version is made."""

import json

from tests.versions.exchange import PRESENT, exchange

PRESENT.write_text(json.dumps(exchange(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
