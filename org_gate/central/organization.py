"""A walk through the organization tree: where each account is, by names and by ids.

A large organization takes more calls than one run of the collector has time for, so a walk goes page by page and can
be put down as a document and taken up again. It only reads; the stored tree is changed when a walk is through.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple, Self

from botocore.exceptions import BotoCoreError, ClientError

from org_gate.model.event import Account
from org_gate.model.times import format_time, parse_time

_FORM: Final = 1
"""Of the document; one of another form is not taken up."""
_BAD_TOKEN: Final = "InvalidInputException"  # noqa: S105  an error code
_ROOTS: Final = "list_roots"
_UNITS: Final = "list_organizational_units_for_parent"
_ACCOUNTS: Final = "list_accounts_for_parent"
_LISTED: Final = {_ROOTS: "Roots", _UNITS: "OrganizationalUnits", _ACCOUNTS: "Accounts"}


class TreeError(Exception):
    """A page of the organization could not be read."""


class _Place(NamedTuple):
    """A root or an OU: names below the root, ids from the root on."""

    names: tuple[str, ...]
    ids: tuple[str, ...]


class _Page(NamedTuple):
    """The next page to read of one listing."""

    operation: str
    parent: str | None
    token: str | None


@dataclass(slots=True)
class Walk:
    """``began`` is when it began: what it finds is at least as young."""

    began: datetime
    places: dict[str, _Place] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    """Of the accounts found."""
    waiting: list[_Page] = field(default_factory=lambda: [_Page(_ROOTS, None, None)])

    @property
    def through(self) -> bool:
        return not self.waiting

    def step(self, client: Any) -> None:
        """Reads one page, over a boto3 ``organizations`` client. Raises TreeError, and is where it was then."""
        page = self.waiting[-1]
        answer = self._read(client, page)
        self.waiting.pop()
        if token := answer.get("NextToken"):
            self.waiting.append(page._replace(token=token))
        for item in answer[_LISTED[page.operation]]:
            if page.operation == _ACCOUNTS:
                self.parents[item["Id"]] = page.parent or ""
            else:
                self._met(item, page.parent)

    def accounts(self) -> list[Account]:
        """Those found so far."""
        return [
            Account(name, "/".join(self.places[parent].names), self.places[parent].ids)
            for name, parent in self.parents.items()
        ]

    def document(self) -> dict[str, Any]:
        below: dict[str, list[str]] = {}
        for name, parent in self.parents.items():
            below.setdefault(parent, []).append(name)
        return {
            "form": _FORM,
            "began": format_time(self.began),
            "places": {name: [place.names, place.ids] for name, place in self.places.items()},
            "accounts": below,
            "waiting": self.waiting,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any] | None) -> Self | None:
        """None where there is none, or it is of another form."""
        if document is None or document.get("form") != _FORM:
            return None
        return cls(
            began=parse_time(document["began"]),
            places={name: _Place(tuple(names), tuple(ids)) for name, (names, ids) in document["places"].items()},
            parents={name: parent for parent, names in document["accounts"].items() for name in names},
            waiting=[_Page(*page) for page in document["waiting"]],
        )

    def _read(self, client: Any, page: _Page) -> Mapping[str, Any]:
        """From the listing's first page again where its token is not known any more: a walk may have waited long."""
        parent = {} if page.parent is None else {"ParentId": page.parent}
        token = {} if page.token is None else {"NextToken": page.token}
        try:
            answer: Mapping[str, Any] = getattr(client, page.operation)(**parent, **token)
        except ClientError as error:
            if page.token is not None and error.response.get("Error", {}).get("Code") == _BAD_TOKEN:
                return self._read(client, page._replace(token=None))
            raise _tree_error(error) from error
        except BotoCoreError as error:
            raise _tree_error(error) from error
        return answer

    def _met(self, item: Mapping[str, Any], parent: str | None) -> None:
        if item["Id"] in self.places:
            return
        above = _Place((), ()) if parent is None else self.places[parent]
        names = () if parent is None else (*above.names, item["Name"])
        self.places[item["Id"]] = _Place(names, (*above.ids, item["Id"]))
        self.waiting += [_Page(_UNITS, item["Id"], None), _Page(_ACCOUNTS, item["Id"], None)]


def _tree_error(error: Exception) -> TreeError:
    return TreeError(
        f"The organization could not be read ({error}). Decisions go on with the tree as it was last read, and the "
        "next poll goes on from here. Where it says that access is denied: let the central account read AWS "
        "Organizations, by the delegation policy and the collector's role."
    )
