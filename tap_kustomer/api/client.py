"""The HTTP client: one per tap, shared by all streams and threads.

- It sends only GET and the two search POSTs, so it can't change an org.
- The key is sent to the org's own host only: redirects are not followed, and links to other hosts
  are refused.
- Every request takes a slot of the org budget; a search also takes one of the search budget.
- A response has an overall deadline and a size limit. Bodies are never logged.

`get` and `search` send one request and return the body of a successful response. The caller
validates it, and repeats the attempt with `retry` if necessary.
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
# Documented, though not described, for the search only.
EXACT_TOTAL = ("trackTotalHits", "true")
LOGGER = logging.getLogger("tap-kustomer.api")


class _Bearer(AuthBase):
    """An auth object, so that requests does not read `.netrc` and no repr shows the key."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request

    def is_in(self, link: str) -> bool:
        """Whether `link` contains the key, escaped or not."""
        return self._key in link or self._key in unquote(link)


class _Request(NamedTuple):
    """A request to send. `path`, without any query, is for logs and errors."""

    method: str
    address: str
    path: str
    params: Sequence[tuple[str, str | int]]
    body: object = None


def _drop(_: logging.LogRecord) -> bool:
    """Drop urllib3's warnings about malformed headers, since they quote them."""
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
        self._counts_exactly: bool | None = None
        """Whether a search takes `trackTotalHits`; `None` until one did."""
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
        # Kustomer needs no cookies, and an empty cookie jar is safe to share between threads.
        self.session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # Only a loopback address has a port. Bypass proxies for it: plain HTTP would show the key.
        address = urlsplit(self._url)
        self._proxies = {"no_proxy": address.hostname or ""} if address.port else {}
        # Searches and children use `concurrency` threads each, and the main thread sends too.
        self.session.mount(self._url, transport.Adapter(pool_maxsize=2 * settings.concurrency + 1))
        logging.getLogger("urllib3.connection").addFilter(_drop)

    def get(
        self,
        path: str,
        params: Mapping[str, str | int] | None = None,
        *,
        link: str | None = None,
    ) -> bytes:
        """The response body of `path`, or of `link`, the next-page URL from one of its responses.

        `params` are sent with a link too, since it may lack them; only its page size stays. A link
        is never logged: the server controls its content.

        Raises:
            KustomerError: the request failed or was refused.
        """
        address = self._pinned(link or path, path)
        given, extra_params = params or {}, []
        if link:
            parts = urlsplit(address)
            link_params = parse_qsl(parts.query, keep_blank_values=True)
            # The page that the link names begins where pages of the link's own size end.
            if "pageSize" in dict(link_params):
                given = {name: value for name, value in given.items() if name != "pageSize"}
            extra_params = [(name, value) for name, value in link_params if name not in given]
            address = urlunsplit(parts._replace(query="", fragment=""))
        return self._send(_Request("GET", address, path, [*extra_params, *given.items()]))

    def search(self, path: str, body: object, *, page: int, size: int) -> bytes:
        """The response body of page `page` (from 1) of a search, `size` records per page.

        Exact totals are asked for, until the search turns out to refuse that.

        Raises:
            KustomerError: the request failed or was refused.
        """
        params: list[tuple[str, str | int]] = [("page", page), ("pageSize", size)]
        request = _Request("POST", self._pinned(path, path), path, params, body)
        if path != SEARCH or self._counts_exactly is False:
            return self._send(request)
        try:
            found = self._send(request._replace(params=[*params, EXACT_TOTAL]))
        except errors.BadRequestError:
            if self._counts_exactly:
                raise
            found = self._send(request)
            self._counts_exactly = False
            LOGGER.info("Search refuses trackTotalHits (400), so totals may be capped")
        else:
            self._counts_exactly = True
        return found

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
        with transport.deadline(self._timeout) as time_limit:
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
                return response, transport.read(response, time_limit)
            except transport.TooLargeError:
                size = transport.MAX_BYTES // 1_000_000
                raise errors.OverloadedError(path, f"response larger than {size} MB") from None
            except (requests.Timeout, transport.TooSlowError):
                raise errors.OverloadedError(path, "no complete response in time") from None
            except requests.exceptions.SSLError as error:
                if "CERTIFICATE_VERIFY_FAILED" in str(error):
                    raise errors.CertificateError from None
                raise _broken(path, error, too_slow=time_limit.passed) from None
            except requests.RequestException as error:
                if not self._was_reached and transport.is_unreachable(error):
                    raise errors.UnreachableError(path, self._url) from None
                stalled = bool(error.args) and isinstance(error.args[0], ReadTimeoutError)
                raise _broken(path, error, too_slow=time_limit.passed or stalled) from None
            except OSError as error:
                if time_limit.passed:  # the socket was shut down under TLS
                    raise _broken(path, error, too_slow=True) from None
                # not an error of requests: the file named by REQUESTS_CA_BUNDLE is missing
                raise errors.CertificateError from None

    def _pinned(self, link: str, path: str) -> str:
        """The absolute URL of `link`; refused if it leaves the org's host or contains the key.

        URLs end up in logs, here and in proxies.
        """
        try:
            address = urljoin(self._url, link)
            is_same_host = urlsplit(address)[:2] == urlsplit(self._url)[:2]
        except ValueError:  # such as invalid brackets
            is_same_host = False
        if not is_same_host or self._bearer.is_in(link):
            raise errors.LinkRefusedError(path)
        return address


def _broken(path: str, error: Exception, *, too_slow: bool) -> errors.TransientError:
    """Only the type of `error` is reported, since its text may quote the request."""
    if too_slow:
        return errors.OverloadedError(path, "no complete response in time")
    return errors.TransientError(path, f"connection broken: {type(error).__name__}")


def _with_codes(
    error: errors.RequestRefusedError, path: str, body: bytes
) -> errors.RequestRefusedError:
    try:
        return errors.with_codes(error, path, decode(body))
    except ValueError:
        return error
