"""A small org whose clock the test holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug.test import TestResponse

from emulator import Emulator, Org, Switches
from emulator.times import to_text

NOW = 1_780_000_000_000
SEARCH = "/v1/customers/search"
ARCHIVE = "/v1/customers/archive/search"
KEY = {"Authorization": "Bearer emulator-key"}


@dataclass(frozen=True)
class Answer:
    """What the tests look at; ``json`` is None when the body is not JSON."""

    status_code: int
    content_type: str | None
    headers: dict[str, str]
    data: bytes
    text: str
    json: Any

    @classmethod
    def of(cls, response: TestResponse) -> "Answer":
        content = response.get_json(silent=True)
        headers = dict(response.headers)
        status, kind = response.status_code, response.content_type
        return cls(status, kind, headers, response.data, response.text, content)


def search_body(context: str, prefix: str = "") -> dict[str, object]:
    """The search for everything of a context; attributes begin with `prefix`, else with it."""
    return {
        "queryContext": context,
        "and": [],
        "sort": [{f"{prefix or context}_updated_at": "asc"}],
        "includeDeleted": False,
    }


@dataclass
class World:
    """An emulator, its org, its clock and a client without sockets."""

    org: Org = field(default_factory=lambda: Org(now=NOW))
    switches: Switches = field(default_factory=lambda: Switches(search_limit=None, org_limit=None))
    now: int = NOW
    slept: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.emulator = Emulator(
            self.org, self.switches, clock=lambda: self.now, sleep=self.slept.append
        )
        self.client = self.emulator.app.test_client()

    def add(self, number: int, *, age: int = 0, **attributes: object) -> str:
        """Put a conversation updated ``age`` ms ago; returns its id."""
        one = f"{number:024x}"
        at = to_text(self.now - age)
        own = {"createdAt": at, "updatedAt": at, "status": "open", "rev": 1} | attributes
        self.org.put("conversation", {"type": "conversation", "id": one, "attributes": own})
        return one

    def get(self, path: str, **params: object) -> Answer:
        return Answer.of(self.client.get(path, query_string=params or None, headers=KEY))

    def rows(self, path: str, **params: object) -> list[Any]:
        """Follow the links of a list to the end."""
        found: list[Any] = []
        url: str | None = path
        while url:
            answer = self.get(url, **params)
            assert answer.status_code == 200, answer.text
            found += answer.json["data"]
            url, params = answer.json["links"]["next"], {}
        return found

    def search(
        self,
        body: Mapping[str, object] | None = None,
        *,
        path: str = SEARCH,
        params: Mapping[str, object] | None = None,
    ) -> Answer:
        """Search as the tap does: conversations, unless `body` says otherwise."""
        asked = {**search_body("conversation"), **(body or {})}
        response = self.client.post(path, query_string=params, json=asked, headers=KEY)
        return Answer.of(response)

    def found(self, body: Mapping[str, object] | None = None, *, path: str = SEARCH) -> list[int]:
        """Return the numbers of the conversations that a search finds."""
        answer = self.search(body, path=path)
        assert answer.status_code == 200, answer.text
        return [int(row["id"], 16) for row in answer.json["data"]]
