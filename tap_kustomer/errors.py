"""All errors of the tap. Each message says in one sentence what to do.

```
TapError
├── SettingsError              a setting, or the state, is missing or wrong
├── RecordError                one record, or the org's metadata, can't be read
├── OutputError                messages can't be written to standard output
├── ClosedStreamsError         the run is over, and some streams could not be read completely
└── KustomerError              a request to Kustomer fails
    ├── KeyRefusedError        the key is not accepted: the run ends
    ├── WrongRegionError       the key belongs to another pod: the run ends
    ├── CertificateError       the host's TLS certificate is not valid: the run ends
    ├── AccessRefusedError     the key may not read this resource: its stream is closed
    ├── RequestRefusedError    a 4xx that is never retried
    │   ├── BadRequestError    400: unknown query context, filter or parameter
    │   └── NotFoundError      404: deleted, hidden from the key, or no such endpoint
    ├── LinkRefusedError       a redirect or link would send the key to another host
    ├── TieError               too many records share one instant for the search to separate
    ├── LimitedError           429: retried after the reset, without counting as an attempt
    └── TransientError         retried for up to five minutes before it is raised
        ├── UnreachableError   the host has never responded: retried for a few seconds only
        └── OverloadedError    too slow or too large: a smaller page may help
```

A message may contain a status, a path and error codes. It never contains the key, nor a response
body, which may have customer data.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tap_kustomer import timestamps

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY_PAGE = "Settings › Security › API Keys"
POD_HOSTS = {
    "prod1": "https://api.kustomerapp.com",
    "prod2": "https://api.prod2.kustomerapp.com",
    "prod4": "https://api.prod4.kustomerapp.com",
}

_WRONG_POD = re.compile(rb"associated with pod ([a-z]{1,10}\d{0,3})\b")
_CODE = re.compile(r"[a-z][a-z_]{0,39}")

_BAD_REQUEST, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TOO_MANY = 400, 401, 403, 404, 429
# Gateway timeouts. Any other 5xx has nothing to do with the page size.
_SLOW = {408, 504}
_REDIRECT, _CLIENT_ERROR, _SERVER_ERROR = 300, 400, 500


class TapError(Exception):
    """Anything except a bug that ends a run or a stream; the message is all that users need."""


class SettingsError(TapError):
    """A setting, or the state, is missing or wrong; the message says what to write instead."""


class RecordError(TapError):
    """A record, or the org's metadata, that can't be read."""


class OutputError(TapError):
    """Standard output can't be written; every record before the last bookmark was written."""

    def __init__(self, error: OSError | None = None) -> None:
        """Explain the system's `error`; `None` means that standard output is closed."""
        if error is None:
            text = "The output can't be written (standard output is closed): open it and run again."
        elif isinstance(error, BrokenPipeError):
            text = "The target has stopped reading: see its own log."
        else:
            text = f"The output can't be written ({error.strerror}): fix that and run again."
        super().__init__(text)


class ClosedStreamsError(TapError):
    """The run read everything it could, but not everything that was selected."""

    def __init__(self, closed: Mapping[str, str]) -> None:
        """List every closed stream with its reason."""
        super().__init__(
            f"{len(closed)} of the selected streams could not be read completely: "
            + " ".join(f"[{name}] {reason}" for name, reason in closed.items())
        )


class KustomerError(TapError):
    """Kustomer, or the connection to it, keeps the tap from reading."""


class KeyRefusedError(KustomerError):
    """The API key is wrong, was deleted, or has expired."""

    def __init__(self) -> None:
        """Say where to create a key that does not expire."""
        super().__init__(
            "Kustomer does not accept the API key: it is wrong or has expired. Create one under "
            f'{KEY_PAGE} with expiration "Never" and write it into the setting api_key.'
        )


class WrongRegionError(KustomerError):
    """The key belongs to a different pod than the host of `base_url`."""

    def __init__(self, pod: str) -> None:
        """Name the address of `pod`, the key's pod according to Kustomer's response."""
        host = POD_HOSTS.get(pod)
        advice = f"set base_url to {host}" if host else "set base_url to your org's own address"
        super().__init__(f"The API key belongs to Kustomer's region {pod}: {advice}.")


class AccessRefusedError(KustomerError):
    """Status 401 or 403 for a resource. Kustomer's documents disagree on which one is sent."""

    def __init__(self, status: int, path: str) -> None:
        """Keep the `status`, which does not distinguish a bad key from a missing permission."""
        super().__init__(f"Kustomer refused {path} (status {status}).")
        self.status = status


class RequestRefusedError(KustomerError):
    """A 4xx response that a retry would not change."""

    def __init__(self, status: int, path: str, codes: tuple[str, ...] = ()) -> None:
        """Keep the `status` and Kustomer's own error `codes`, such as `bad_request`."""
        named = f", {', '.join(codes)}" if codes else ""
        super().__init__(
            f"Kustomer does not answer {path} (status {status}{named}). If the setting base_url is "
            "your org's address, please report this with the tap's version."
        )
        self.status, self.path = status, path


class BadRequestError(RequestRefusedError):
    """Status 400: unknown query context, filter or parameter."""


class NotFoundError(RequestRefusedError):
    """Status 404: deleted, hidden, or an endpoint that this org does not have."""


_REFUSALS = {_BAD_REQUEST: BadRequestError, _NOT_FOUND: NotFoundError}


class LinkRefusedError(KustomerError):
    """A response redirects or links to another host."""

    def __init__(self, path: str) -> None:
        """Name only the requested `path`; the target is not repeated."""
        super().__init__(
            f"The response to {path} leads to another address, where the API key is not sent: set "
            "base_url to your org's address as the browser shows it."
        )


class CertificateError(KustomerError):
    """TLS could not prove that the host is Kustomer's."""

    def __init__(self) -> None:
        """Say what to check; verification itself can't be disabled."""
        super().__init__(
            "The TLS certificate of Kustomer's host could not be verified: check base_url, and "
            "whether a proxy between this machine and Kustomer replaces certificates (then "
            "REQUESTS_CA_BUNDLE must name a file with the proxy's own)."
        )


class TieError(KustomerError):
    """More records share one instant than the search can separate."""

    def __init__(self, context: str, instant: int, count: int | None) -> None:
        """Name the instant and how many records Kustomer reports there."""
        super().__init__(
            f"{count or 'An unknown number of'} {context} records share the update instant "
            f"{timestamps.text(instant)} and one creation instant: more than Kustomer's search can "
            "separate. The bookmark stays before it; any change to those records resolves it."
        )


class LimitedError(KustomerError):
    """Status 429."""


class TransientError(KustomerError):
    """A temporary failure: a 5xx, a broken connection, or an invalid response."""

    def __init__(self, path: str, fault: str) -> None:
        """Name the requested `path` and the `fault`."""
        super().__init__(
            f"Kustomer kept failing at {path} ({fault}). Run again later: nothing is lost, the "
            "next run resumes from the bookmark. If it persists, see Kustomer's status page."
        )
        self.fault = fault


class UnreachableError(TransientError):
    """The host of `base_url` does not exist or refuses connections, and has never responded."""

    def __init__(self, path: str, url: str) -> None:
        """Name the address, which is the setting most likely to be wrong."""
        super().__init__(path, "host not found or connection refused")
        text = (
            f"No connection to {url}: the host does not exist or refuses connections. Write your "
            "org's address as the browser shows it into base_url, or check this machine's network."
        )
        self.args = (text,)


class OverloadedError(TransientError):
    """A failure that a smaller page may fix: a timeout, `timed_out`, or a response too large."""


def from_status(status: int, path: str, body: bytes) -> KustomerError | None:
    """The error for an HTTP status, or `None` for success.

    `body` is only searched for the name of a pod.
    """
    if status < _REDIRECT:
        return None
    if status < _CLIENT_ERROR:
        return LinkRefusedError(path)
    if status == _TOO_MANY:
        return LimitedError(path)
    if status in _SLOW:
        return OverloadedError(path, f"status {status}")
    if status >= _SERVER_ERROR:
        return TransientError(path, f"status {status}")
    return _refusal(status, path, body)


def _refusal(status: int, path: str, body: bytes) -> KustomerError:
    if pod := _WRONG_POD.search(body):
        return WrongRegionError(pod[1].decode())
    if status in {_UNAUTHORIZED, _FORBIDDEN}:
        return AccessRefusedError(status, path)
    return _REFUSALS.get(status, RequestRefusedError)(status, path)


def with_codes(error: RequestRefusedError, path: str, document: object) -> RequestRefusedError:
    """The same error with the `errors[].code` values of the decoded response.

    Only codes such as `bad_request` are used, which say what is wrong and contain no data.
    """
    errors = document.get("errors") if isinstance(document, dict) else None
    codes = [
        item["code"]
        for item in (errors if isinstance(errors, list) else [])
        if isinstance(item, dict) and isinstance(item.get("code"), str)
    ]
    return type(error)(error.status, path, tuple(c for c in codes if _CODE.fullmatch(c)))
