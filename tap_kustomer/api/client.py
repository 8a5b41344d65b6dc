"""The only code that talks HTTP: one per tap, shared by all streams and threads.

- Only GET and the two search POSTs exist here; nothing can change an org.
- The key goes to the org's own host and nowhere else: no redirect is followed, and a link that
  leaves the host is refused.
- Every request holds a slot of the org's budget, a search one of the search budget too.
- An answer has a deadline for the whole of it and a limit in bytes. A body is never logged.

`get` and `search` send one request and return the bytes of a good answer. What those bytes prove,
the caller decides, and repeats the attempt with `retry` if need be.
"""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit, urlunsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import ReadTimeoutError

from tap_kustomer import errors
from tap_kustomer.api import transport
from tap_kustomer.api.budget import Budget
from tap_kustomer.api.decode import decode
from tap_kustomer.api.retry import Retry, pause_after

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_kustomer.settings import Settings

SEARCH = "/v1/customers/search"
ARCHIVE_SEARCH = "/v1/customers/archive/search"


class _Bearer(AuthBase):
    """As an auth object, so that requests neither reads `.netrc` nor shows the key in a repr."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request

    def is_in(self, link: str) -> bool:
        """Whether `link` repeats the key, escaped or not."""
        return self._key in link or self._key in unquote(link)


class _Request(NamedTuple):
    """What is sent. `path` is what logs and errors name, without any query."""

    method: str
    address: str
    path: str
    params: Sequence[tuple[str, str | int]]
    body: object = None


def _withhold(_: logging.LogRecord) -> bool:
    """Drop what urllib3 says about malformed headers: it quotes them."""
    return False


class Client:
    """Requests to one org. `moment` is epoch seconds, as `x-ratelimit-reset` counts them."""

    def __init__(
        self,
        settings: Settings,
        *,
        search_budget: Budget | None = None,
        org_budget: Budget | None = None,
        moment: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Open a connection pool; nothing is sent yet."""
        self.retry = Retry(sleep=sleep)
        self.search_budget = search_budget or Budget(settings.max_search_requests_per_minute)
        self.org_budget = org_budget or Budget(settings.max_requests_per_minute)
        self.server_date: str | None = None
        self._was_reached = False
        self._moment = moment
        self._url = settings.api_url
        self._timeout = settings.request_timeout
        self._bearer = _Bearer(settings.api_key)
        self.session = transport.Session()
        self.session.auth = self._bearer
        self.session.headers.update(
            {"Accept": "application/json", "User-Agent": f"tap-kustomer/{version('tap-kustomer')}"}
        )
        # Kustomer needs no cookies, and a jar that never changes is safe to share by threads.
        self.session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # Only a loopback address has a port: plain HTTP to it would show a proxy the key.
        address = urlsplit(self._url)
        self._proxies = {"no_proxy": address.hostname or ""} if address.port else {}
        # Searches and children each have as many threads; the main thread asks too.
        self.session.mount(self._url, transport.Adapter(pool_maxsize=2 * settings.concurrency + 1))
        logging.getLogger("urllib3.connection").addFilter(_withhold)

    def get(
        self,
        path: str,
        params: Mapping[str, str | int] | None = None,
        *,
        link: str | None = None,
    ) -> bytes:
        """The body that `path` answers, or that `link` from one of its answers does.

        `params` go with a link too: it may forget them. A link is never logged: the server controls
        its content.

        Raises:
            KustomerError: why there is no good answer.
        """
        address = self._pinned(link or path, path)
        own, others = params or {}, []
        if link:
            parts = urlsplit(address)
            told = parse_qsl(parts.query, keep_blank_values=True)
            others = [(name, value) for name, value in told if name not in own]
            address = urlunsplit(parts._replace(query="", fragment=""))
        return self._send(_Request("GET", address, path, [*others, *own.items()]))

    def search(self, path: str, body: object, *, page: int, size: int) -> bytes:
        """The body that a search answers to page `page` (from 1) of `size` records.

        Raises:
            KustomerError: why there is no good answer.
        """
        params = [("page", page), ("pageSize", size)]
        return self._send(_Request("POST", self._pinned(path, path), path, params, body))

    def _send(self, request: _Request) -> bytes:
        budgets = [self.org_budget]
        if request.method == "POST":
            budgets.append(self.search_budget)
        with ExitStack() as slots:
            for budget in reversed(budgets):
                slots.enter_context(budget.slot())
            response, body = self._exchange(request)
        seconds = pause_after(response.status_code, response.headers, self._moment())
        if seconds:
            for budget in budgets:
                budget.pause(seconds)
        error = errors.from_status(response.status_code, request.path, body)
        if error is None:
            self.server_date = response.headers.get("Date")
            return body
        if isinstance(error, errors.RequestRefusedError):
            raise _with_codes(error, request.path, body)
        raise error

    def _exchange(self, request: _Request) -> tuple[requests.Response, bytes]:
        path = request.path
        with transport.deadline(self._timeout) as until:
            try:
                response = self.session.request(
                    request.method,
                    request.address,
                    params=request.params,
                    json=request.body,
                    timeout=self._timeout,
                    allow_redirects=False,
                    proxies=self._proxies,
                    stream=True,
                )
                self._was_reached = True
                return response, transport.read(response, until)
            except transport.TooLargeError:
                size = transport.MOST_BYTES // 1_000_000
                raise errors.OverloadedError(path, f"answer larger than {size} MB") from None
            except (requests.Timeout, transport.TooSlowError):
                raise errors.OverloadedError(path, "no whole answer in time") from None
            except requests.exceptions.SSLError as error:
                if "CERTIFICATE_VERIFY_FAILED" in str(error):
                    raise errors.CertificateError from None
                raise _broken(path, error, too_slow=until.passed) from None
            except requests.RequestException as error:
                if not self._was_reached and transport.is_unreachable(error):
                    raise errors.UnreachableError(path, self._url) from None
                stalled = bool(error.args) and isinstance(error.args[0], ReadTimeoutError)
                raise _broken(path, error, too_slow=until.passed or stalled) from None
            except OSError as error:
                if until.passed:  # the socket was shut down under TLS
                    raise _broken(path, error, too_slow=True) from None
                # none of requests' own: no such file as REQUESTS_CA_BUNDLE names
                raise errors.CertificateError from None

    def _pinned(self, link: str, path: str) -> str:
        """`link` as an address on the org's host; anything else is refused.

        So is one that repeats the key: addresses end up in logs, here and on the way.
        """
        try:
            address = urljoin(self._url, link)
            stays = urlsplit(address)[:2] == urlsplit(self._url)[:2]
        except ValueError:  # brackets that hold no address
            stays = False
        if not stays or self._bearer.is_in(link):
            raise errors.LinkRefusedError(path)
        return address


def _broken(path: str, error: Exception, *, too_slow: bool) -> errors.TransientError:
    """The exception's own text may quote what was sent; its type says enough."""
    if too_slow:
        return errors.OverloadedError(path, "no whole answer in time")
    return errors.TransientError(path, f"connection broken: {type(error).__name__}")


def _with_codes(
    error: errors.RequestRefusedError, path: str, body: bytes
) -> errors.RequestRefusedError:
    try:
        return errors.with_codes(error, path, decode(body))
    except ValueError:
        return error
