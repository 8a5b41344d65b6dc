"""The Kustomer stand-in: a WSGI app over an org, with the faults and limits asked for."""

import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from http import HTTPStatus
from random import Random
from typing import Any

import flask
import msgspec
from werkzeug.http import http_date

from emulator import faults, roles, search
from emulator.endpoints import find_endpoint
from emulator.errors import ApiError, bad_request, refuse_poison
from emulator.limits import Limits, refusal_headers
from emulator.lists import Asked
from emulator.org import Org
from emulator.pages import search_bytes
from emulator.query import parse_query
from emulator.resource import JsonObject
from emulator.server import serve
from emulator.switches import Switches
from emulator.times import SECOND, to_text, wall_ms

PROBE = "/v1/auth/tokens/current"
SEARCHES = {"/v1/customers/search": False, "/v1/customers/archive/search": True}
COUNTS = "/_emulator/counts"
# Documented for most endpoints.
LARGEST_BODY = 100_000
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_PROXY_PAGE = b"<html><body><h1>We will be back soon</h1></body></html>"
_ERRORS = b'{"errors":[{"code":"internal_error","title":"fault"}],"data":[]}'


@dataclass(frozen=True, slots=True)
class Request:
    """One request as received, and the status it got; 0 when the connection was reset."""

    method: str
    path: str
    params: dict[str, str]
    at_ms: int
    status: int
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever the client sent
        """The decoded body."""
        return msgspec.json.decode(self.body)


@dataclass
class _Answer:
    body: bytes
    status: int = 200
    type: str = "application/json"


class Emulator:
    """Serves one org.

    Attributes:
        org: the data served.
        switches: what is turned on; may be changed between requests.
        app: the Flask app, which is also a WSGI app for use without sockets.
        requests: the latest requests, newest last.
        writes_refused: requests that tried anything but to read.
        caps_touched: searches beyond page 100 or record 10,000.
        limited: 429 answers sent.
    """

    def __init__(
        self,
        org: Org,
        switches: Switches | None = None,
        *,
        clock: Callable[[], int] = wall_ms,
        api_key: str = "emulator-key",
        roles: Iterable[str] = roles.ALL_ROLES,
        seed: int = 0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Set up the app.

        Args:
            org: the data to serve.
            switches: limits, faults and the like.
            clock: gives epoch milliseconds.
            api_key: the only key accepted.
            roles: role names of the key.
            seed: of faults, ties and moving records.
            sleep: takes seconds; used for latency only.
        """
        self.org = org
        self.switches = switches or Switches()
        self.clock = clock
        self.api_key = api_key
        self.roles = tuple(roles)
        self.requests: deque[Request] = deque(maxlen=100_000)
        self.writes_refused = 0
        self.caps_touched = 0
        self.limited = 0
        self._sleep = sleep
        self._rng = Random(seed)
        self._limits = Limits()
        self._created = clock()
        org.index_delay = lambda: self.switches.index_delay
        self.app = flask.Flask("emulator", static_folder=None)
        # A reset reaches who mounts the app, instead of becoming a 500.
        self.app.config["PROPAGATE_EXCEPTIONS"] = True
        self.app.add_url_rule(
            "/",
            view_func=self._view,
            methods=_METHODS,
            defaults={"path": ""},
            provide_automatic_options=False,
        )
        self.app.add_url_rule(
            "/<path:path>",
            view_func=self._view,
            methods=_METHODS,
            provide_automatic_options=False,
        )

    def serve(self, port: int = 0) -> AbstractContextManager[str]:
        """Serve over HTTP on 127.0.0.1 within a ``with`` block, which is given the URL."""
        return serve(self.app, port)

    def _view(self, path: str) -> flask.Response:
        request = flask.request
        if self.switches.latency:
            self._sleep(self.switches.latency)
        with self.org.lock:
            now = self.clock()
            headers = {"Date": http_date(now // SECOND)}
            fault = ""
            try:
                fault = self._admit(request, f"/{path}", now, headers)
                answer = self._answer(request, f"/{path}", now, fault)
            except ApiError as error:
                answer = _Answer(error.body(), error.status)
            self.limited += answer.status == HTTPStatus.TOO_MANY_REQUESTS
            status = 0 if fault == "reset" else answer.status
            self.requests.append(
                Request(
                    request.method,
                    f"/{path}",
                    request.args.to_dict(),
                    now,
                    status,
                    request.get_data(),
                )
            )
        if fault == "reset":
            raise ConnectionResetError
        return _response(answer, headers, cut=fault == "truncated")

    def _admit(self, request: flask.Request, path: str, now: int, headers: dict[str, str]) -> str:
        """Refuse what gets no answer, fill in the rate headers, and return the fault."""
        switches = self.switches
        is_search = path in SEARCHES
        if request.method != ("POST" if is_search else "GET"):
            self.writes_refused += not (is_search and request.method == "GET")
            raise ApiError(405, "method_not_allowed", f"{request.method} is not allowed here")
        if path == COUNTS:
            return ""
        self._authenticate(request.headers.get("Authorization", ""))
        allowed, rate = self._limits.use(now, switches, search=is_search)
        headers.update(rate)
        if not allowed:
            raise ApiError(429, "too_many_requests", "rate limit exceeded")
        fault = faults.draw(switches, self._rng, path, probe=path == PROBE, search=is_search)
        if fault == "429":
            # Somebody else used up the budget for a second.
            headers.update(refusal_headers(switches, switches.org_limit or 0, now, now + SECOND))
        if fault in faults.STATUSES:
            raise ApiError(int(fault), faults.STATUSES[fault], "fault")
        return fault

    def _authenticate(self, header: str) -> None:
        if self.switches.pod:
            title = (
                f"Auth token associated with pod {self.switches.pod}"
                " but request is being handled by prod1"
            )
            raise ApiError(401, "unauthorized", title)
        if self.switches.expired_key or header != f"Bearer {self.api_key}":
            title = "Expired token" if self.switches.expired_key else "Unauthorized"
            raise ApiError(401, "unauthorized", title)

    def _answer(self, request: flask.Request, path: str, now: int, fault: str) -> _Answer:
        if fault == "html":
            return _Answer(_PROXY_PAGE, type="text/html")
        if fault == "error_bodies":
            return _Answer(_ERRORS)
        params = request.args.to_dict()
        if path == COUNTS:
            return _Answer(msgspec.json.encode(self.org.counts()))
        if path == PROBE:
            return _Answer(msgspec.json.encode({"data": self._token(now)}))
        if path in SEARCHES:
            answer = _Answer(self._search(path, params, request.get_data(), now, fault))
            self._move(now)
            return answer
        endpoint, one = find_endpoint(path)
        self._check_role(endpoint.resource)
        return _Answer(endpoint.answer(Asked(self.org, self.switches, now, path, one, params)))

    def _check_role(self, resource: str) -> None:
        switches = self.switches
        roles.check(self.roles, resource, switches.forbidden, switches.missing_role_status)

    def _search(
        self, path: str, params: dict[str, str], body: bytes, now: int, fault: str
    ) -> bytes:
        self._check_role("search")
        if len(body) > LARGEST_BODY:
            raise ApiError(413, "payload_too_large", "the body is too large")
        query = parse_query(
            params, body, archive=SEARCHES[path], company=self.switches.company_search
        )
        self._check_role(query.context.name)
        if query.past_caps:
            self.caps_touched += 1
            title = "page and pageSize reach beyond page 100 or record 10,000"
            raise bad_request(title)
        index = self.org.index(query.context.name, now)
        switches, asked = self.switches, query.page_size
        visible = search.visible_span(
            now - SEARCHES[path] * switches.crossing, archive=SEARCHES[path]
        )
        query = replace(query, page_size=min(asked, switches.clamp or asked))
        found = search.run(index, query, visible, self._rng)
        if switches.max_served is not None and len(found.records) > switches.max_served:
            fault = "timed_out"
        if fault in faults.SEARCH:
            found = faults.spoil(found, fault, self._rng, search.outsiders(index, query))
        found.records = [one for one in found.records if one.id not in switches.unsent]
        refuse_poison(switches.poison, (one.id for one in found.records))
        return search_bytes(path, query, found, switches, asked)

    def _move(self, now: int) -> None:
        """Let the org live on: update some conversations that searches know."""
        keys = self.org.index("conversation", now).keys(deleted=False)
        for _, one in self._rng.sample(keys, min(self.switches.moving, len(keys))):
            self.org.touch("conversation", one, at=now)

    def _token(self, now: int) -> JsonObject:
        user = f"/v1/users/{self.org.id}"
        return {
            "type": "auth_token",
            "id": self.org.id,
            "attributes": {
                "name": "emulator",
                "roles": self.roles,
                "lastTokenChars": self.api_key[-4:],
                "createdAt": to_text(self._created),
                "updatedAt": to_text(self._created),
                "lastAccessedAt": to_text(now),
            },
            "relationships": {
                "org": {
                    "data": {"type": "org", "id": self.org.id},
                    "links": {"self": f"/v1/orgs/{self.org.id}"},
                },
                "user": {"data": {"type": "user", "id": self.org.id}, "links": {"self": user}},
            },
        }


def _response(answer: _Answer, headers: dict[str, str], *, cut: bool) -> flask.Response:
    """Return the answer; one cut short promises more bytes than it has."""
    body = answer.body[: len(answer.body) // 2] if cut else answer.body
    response = flask.Response(body, answer.status, headers, content_type=answer.type)
    response.headers["Content-Length"] = str(len(answer.body))
    return response
