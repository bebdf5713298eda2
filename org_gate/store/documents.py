"""Documents of any JSON shape as items: compressed, and in several parts where one item cannot hold them."""

import json
import zlib
from collections.abc import Iterable
from typing import Any, Final, SupportsBytes

PART_BYTES: Final = 350_000


def packed(document: Any) -> list[bytes]:
    """One or more parts, each of which fits an item. Raises TypeError where it is not JSON."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    data = zlib.compress(text.encode())
    return [data[start : start + PART_BYTES] for start in range(0, len(data), PART_BYTES)]


def unpacked(parts: Iterable[SupportsBytes]) -> Any:
    return json.loads(zlib.decompress(b"".join(bytes(part) for part in parts)))
