"""The emulator: a Flask app that serves one org, with the faults and limits asked for."""

import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from random import Random
from typing import Any

import flask
import msgspec
from flask import abort, g, request
from werkzeug.exceptions import HTTPException
from werkzeug.http import http_date

from emulator import faults, roles
from emulator.endpoints import ENDPOINTS, Endpoint
from emulator.limits import Limits, refusal_headers
from emulator.org import Org
from emulator.parameters import PAGING, check_parameters
from emulator.query import parse_query
from emulator.search_page import search_page
from emulator.server import serve
from emulator.switches import Switches
from emulator.times import SECOND, to_text, wall_ms

PROBE = "/v1/auth/tokens/current"
SEARCH = "/v1/customers/search"
ARCHIVE = "/v1/customers/archive/search"
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
    def json(self) -> Any:  # noqa: ANN401  (whatever the client sent)
        """The decoded body."""
        return msgspec.json.decode(self.body)


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
        self.app.url_map.merge_slashes = False
        self.app.before_request(self._admit)
        self.app.after_request(self._finish)
        self.app.teardown_request(lambda _: org.lock.release())
        self.app.register_error_handler(HTTPException, _refusal)
        self.app.add_url_rule(PROBE, "probe", self._token)
        for path in (SEARCH, ARCHIVE):
            self.app.add_url_rule(path, path, self._search, methods=["POST"])
        for path, endpoint in ENDPOINTS.items():
            self.app.add_url_rule(path, path, partial(self._get, endpoint))

    def serve(self, port: int = 0) -> AbstractContextManager[str]:
        """Serve over HTTP on 127.0.0.1 within a ``with`` block, which is given the URL."""
        return serve(self.app, port)

    def _admit(self) -> flask.Response | None:
        """Hold the org for one request, then refuse it, spoil its answer, or let it through."""
        if self.switches.latency:
            self._sleep(self.switches.latency)
        self.org.lock.acquire()
        g.now, g.headers, g.fault = self.clock(), {}, ""
        is_search = request.path in {SEARCH, ARCHIVE}
        if request.method != "GET" and not (is_search and request.method == "POST"):
            self.writes_refused += 1
            abort(405, f"{request.method} is not allowed here")
        self._authenticate()
        allowed, rate = self._limits.use(g.now, self.switches, search=is_search)
        g.headers.update(rate)
        if not allowed:
            abort(429, "rate limit exceeded")
        is_probe = request.path == PROBE
        g.fault = faults.draw(
            self.switches, self._rng, request.path, probe=is_probe, search=is_search
        )
        if g.fault == "429":
            # Somebody else used up the budget for a second.
            g.headers.update(refusal_headers(self.switches.org_limit or 0, g.now + SECOND))
        if g.fault.isdigit():
            abort(int(g.fault), "fault")
        if g.fault == "html":
            return flask.Response(_PROXY_PAGE, content_type="text/html")
        return _json(_ERRORS) if g.fault == "error_bodies" else None

    def _authenticate(self) -> None:
        if self.switches.pod:
            abort(
                401,
                f"Auth token associated with pod {self.switches.pod}"
                " but request is being handled by prod1",
            )
        if self.switches.expired_key:
            abort(401, "Expired token")
        if request.headers.get("Authorization") != f"Bearer {self.api_key}":
            abort(401, "Unauthorized")

    def _finish(self, response: flask.Response) -> flask.Response:
        """Log the request, add the headers, and break the connection if that is the fault."""
        status = 0 if g.fault == "reset" else response.status_code
        self.limited += status == HTTPStatus.TOO_MANY_REQUESTS
        params, body = request.args.to_dict(), request.get_data()
        self.requests.append(Request(request.method, request.path, params, g.now, status, body))
        if g.fault == "reset":
            raise ConnectionResetError
        response.headers.update({"Date": http_date(g.now // SECOND), **g.headers})
        if g.fault == "truncated":
            whole = response.get_data()
            response.set_data(whole[: len(whole) // 2])
            response.content_length = len(whole)
        return response

    def _get(self, endpoint: Endpoint, key: str = "", **_: str) -> flask.Response:
        if endpoint.type in self.switches.absent:
            abort(404, "no such endpoint in this org")
        roles.require(endpoint.type, self.roles, self.switches)
        check_parameters(endpoint.parameters)
        return _json(endpoint.answer(self.org, self.switches, key))

    def _search(self) -> flask.Response:
        roles.require("search", self.roles, self.switches)
        exact = {} if self.switches.refuses_exact_totals else {"trackTotalHits": ("true",)}
        check_parameters({**PAGING, **exact})
        query = parse_query(archive=request.path == ARCHIVE)
        if query.context in self.switches.refused_contexts and query.has_range:
            abort(400, f"unknown attribute of {query.context}")
        if query.context in self.switches.refused_sorts and query.is_sorted:
            abort(400, f"{query.context} can't be sorted")
        roles.require(query.context, self.roles, self.switches)
        if query.is_past_caps:
            self.caps_touched += 1
            abort(400, "page and pageSize reach beyond page 100 or record 10,000")
        body = search_page(self.org, self.switches, query, g.fault, self._rng, g.now)
        self._move()
        return _json(body)

    def _move(self) -> None:
        """Update some conversations that searches know."""
        keys = self.org.index("conversation", g.now).keys(deleted=False)
        for _, record_id in self._rng.sample(keys, min(self.switches.moving, len(keys))):
            self.org.touch("conversation", record_id, at=g.now)

    def _token(self) -> flask.Response:
        check_parameters({})
        org, user = f"/v1/orgs/{self.org.id}", f"/v1/users/{self.org.id}"
        token = {
            "type": "auth_token",
            "id": self.org.id,
            "attributes": {
                "name": "emulator",
                "roles": self.roles,
                "lastTokenChars": self.api_key[-4:],
                "createdAt": to_text(self._created),
                "updatedAt": to_text(self._created),
                "lastAccessedAt": to_text(g.now),
            },
            "relationships": {
                "org": {"data": {"type": "org", "id": self.org.id}, "links": {"self": org}},
                "user": {"data": {"type": "user", "id": self.org.id}, "links": {"self": user}},
            },
        }
        return _json(msgspec.json.encode({"data": token}))


def _refusal(error: HTTPException) -> flask.Response:
    """Return one of the documented error shapes: JSON:API error objects."""
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    is_ours = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    code = "internal_error" if is_ours else error.name.lower().replace(" ", "_")
    body = {"errors": [{"status": status, "code": code, "title": error.description}]}
    return _json(msgspec.json.encode(body), status)


def _json(body: bytes, status: int = 200) -> flask.Response:
    return flask.Response(body, status, content_type="application/json")
