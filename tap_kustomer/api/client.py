"""The only code that talks HTTP: one per tap, shared by all streams and threads.

- Only GET and the two search POSTs exist here; nothing can change an org.
- The key goes to the org's own host and nowhere else: no redirect is followed, and a link that
  leaves the host is refused.
- Every request holds a slot of the org's budget, a search one of the search budget too.
- A body is never logged.
"""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urljoin, urlsplit

import backoff
import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from tap_kustomer.api import errors, retry
from tap_kustomer.api.budget import Budget
from tap_kustomer.api.decode import decode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_kustomer.settings import Settings

LOGGER = logging.getLogger("tap-kustomer.api")
SEARCH = "/v1/customers/search"
ARCHIVE_SEARCH = "/v1/customers/archive/search"

T = TypeVar("T")


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


@dataclass(frozen=True)
class _Ask:
    """One request: the same one however often it is tried."""

    method: str
    path: str
    params: Mapping[str, str | int] | None = None
    body: object = None
    link: str | None = None
    """Where an answer said to ask instead of `path`; never logged, as it says what it likes."""


class _Direct(HTTPAdapter):
    """Asks the user's own machine, past any proxy: plain HTTP would show a proxy the key."""

    def send(
        self,
        request: requests.PreparedRequest,
        *positional: Any,  # noqa: ANN401  (requests' own)
        **options: Any,  # noqa: ANN401  (as above)
    ) -> requests.Response:
        """Send as `HTTPAdapter` does, without proxies."""
        return super().send(request, *positional, **{**options, "proxies": {}})


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
    ) -> None:
        """Open a connection pool; nothing is sent yet."""
        self.tries = retry.TRIES
        self.search_budget = search_budget or Budget(settings.max_search_requests_per_minute)
        self.org_budget = org_budget or Budget(settings.max_requests_per_minute)
        self.server_date: str | None = None
        self._moment = moment
        self._url = settings.api_url
        self._timeout = settings.request_timeout
        self.session = requests.Session()
        self._bearer = _Bearer(settings.api_key)
        self.session.auth = self._bearer
        self.session.headers.update(
            {"Accept": "application/json", "User-Agent": f"tap-kustomer/{version('tap-kustomer')}"}
        )
        # Kustomer needs no cookies, and a jar that never changes is safe to share by threads.
        self.session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # Only a loopback address keeps its port.
        adapter = HTTPAdapter if urlsplit(self._url).port is None else _Direct
        self.session.mount(self._url, adapter(pool_maxsize=settings.concurrency + 1))
        logging.getLogger("urllib3.connection").addFilter(_withhold)

    def get(
        self,
        path: str,
        params: Mapping[str, str | int] | None = None,
        *,
        link: str | None = None,
    ) -> dict[str, Any]:
        """The JSON object that `path` answers, or that `link` from one of its answers does.

        Raises:
            KustomerError: the first refusal, or the last failure after all tries.
        """
        ask = _Ask("GET", path, params, link=link)
        return self._persist(lambda: _read(self._answer(ask), path), path)

    def search(
        self,
        path: str,
        body: object,
        read: Callable[[bytes, int], T],
        *,
        page: int,
        size: int,
    ) -> T:
        """What `read` makes of the body of the answer and of the page size asked for.

        `read` raises a `TransientError` for an answer that can't be true, which is then asked again
        like any other failure. Page 1 is asked smaller after an `OverloadedError`: where the first
        page ends matters to nobody, whereas a later page must begin where the one before ended.

        Raises:
            KustomerError: the first refusal, or the last failure after all tries.
        """

        def attempt() -> T:
            nonlocal size
            params: dict[str, str | int] = {"page": page, "pageSize": size}
            try:
                return read(self._answer(_Ask("POST", path, params, body)), size)
            except errors.OverloadedError:
                size = max(size // 2, 1) if page == 1 else size
                raise

        return self._persist(attempt, path)

    def _persist(self, attempt: Callable[[], T], path: str) -> T:
        def log(details: Any) -> None:  # noqa: ANN401  (backoff's own TypedDict is not exported)
            LOGGER.warning(
                "%s: %s, try %d of %d, asking again in %.0f s",
                path,
                details["exception"].fault,
                details["tries"],
                self.tries,
                details["wait"],
            )

        retrying = backoff.on_exception(
            backoff.expo,
            errors.TransientError,
            max_tries=self.tries,
            max_value=retry.LONGEST_WAIT,
            jitter=backoff.random_jitter,
            on_backoff=log,
            logger=None,
        )
        return retrying(attempt)()

    def _answer(self, ask: _Ask) -> bytes:
        """The body of one good answer; waits through any number of 429s."""
        while True:
            try:
                return self._send(ask)
            except errors.LimitedError:
                LOGGER.warning("%s: Kustomer's rate limit is reached, waiting for it", ask.path)

    def _send(self, ask: _Ask) -> bytes:
        budgets = [self.org_budget]
        if ask.method == "POST":
            budgets.append(self.search_budget)
        with ExitStack() as slots:
            for budget in reversed(budgets):
                slots.enter_context(budget.slot())
            response = self._request(ask)
        path = ask.path.partition("?")[0]
        seconds = retry.pause_after(response.status_code, response.headers, self._moment())
        if seconds:
            for budget in budgets:
                budget.pause(seconds)
        error = errors.from_status(response.status_code, path, response.content)
        if error is None:
            self.server_date = response.headers.get("Date")
            return response.content
        if isinstance(error, errors.RequestRefusedError):
            raise _with_codes(error, path, response.content)
        raise error

    def _request(self, ask: _Ask) -> requests.Response:
        path = ask.path.partition("?")[0]
        address = self._pinned(ask.link or ask.path, path)
        try:
            return self.session.request(
                ask.method,
                address,
                params=ask.params,
                json=ask.body,
                timeout=self._timeout,
                allow_redirects=False,
            )
        except requests.Timeout:
            raise errors.OverloadedError(path, "no answer in time") from None
        except requests.exceptions.SSLError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise errors.CertificateError from None
            raise errors.TransientError(path, "connection broken") from None
        except requests.RequestException as error:
            # The exception's own text may quote what was sent; its type says enough.
            fault = f"connection broken: {type(error).__name__}"
            raise errors.TransientError(path, fault) from None
        except OSError:  # none of requests' own: no such file as REQUESTS_CA_BUNDLE names
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


def _read(body: bytes, path: str) -> dict[str, Any]:
    try:
        answer = decode(body)
    except ValueError:
        raise errors.TransientError(path, "the answer is not JSON") from None
    if not isinstance(answer, dict) or not isinstance(answer.get("data"), (list, dict)):
        raise errors.TransientError(path, "the answer holds no data")
    return answer


def _with_codes(
    error: errors.RequestRefusedError, path: str, body: bytes
) -> errors.RequestRefusedError:
    try:
        return errors.with_codes(error, path, decode(body))
    except ValueError:
        return error
