"""The zones that an event's description names: ids such as ``use1-az4``, which mean the same zone in every account.

Names such as ``us-east-1a`` mean another zone in each account and are left alone, as is whatever only contains
something like an id. What the zones are worth is the policy's business (D5d).
"""

import re
from typing import Final

from org_gate.model.event import GLOBAL
from org_gate.model.regions import KNOWN_REGIONS

MOST: Final = 100
"""They stand in the items that every decision reads. A text that names more tells no zones: naming only some of
them would leave a deployment to one of the others unconcerned."""

_PARTS_OF_THE_WORLD: Final = "|".join(sorted({name.partition("-")[0] for name in KNOWN_REGIONS - {GLOBAL}}))
_ID: Final = re.compile(
    r"(?<!\w)(?<!\w-)(?<!--)"
    r"(?ai:"
    rf"(?:{_PARTS_OF_THE_WORLD})(?:g|i(?:so)?[a-z]?)?(?:n[ew]?|s[ew]?|e|w|c)[0-9]{{1,2}}"  # the Region: use1, usgw1
    r"(?:-[a-z]{2,4}[0-9]{0,2}){0,2}"  # where a Local Zone or a Wavelength Zone is: lax1, wl1-bos
    r"-(?:az|wlz)[0-9]{1,2}"
    r")(?!-*\w)"
)


def text_zones(text: str) -> tuple[str, ...]:
    """In lower case and in order, each once; none where there are more than ``MOST``."""
    zones = sorted({found.lower() for found in _ID.findall(text)})
    return tuple(zones) if len(zones) <= MOST else ()
