"""Every error of the tap. Each message is one sentence that tells the user what to do.

```
TapError
├── SettingsError              a setting, or the state, is missing or wrong
├── RecordError                one record, or the org's metadata, can't be read
├── OutputError                messages can't be written to standard output
├── ClosedStreamsError         the run is over, and some streams could not be read completely
└── KustomerError              Kustomer does not answer as needed
    ├── KeyRefusedError        the key is not accepted: the run ends
    ├── WrongRegionError       the key belongs to another pod: the run ends
    ├── CertificateError       the host's TLS certificate is not valid: the run ends
    ├── AccessRefusedError     the key may not read this resource: its stream is closed
    ├── RequestRefusedError    a 4xx that is never retried
    │   ├── BadRequestError    400: Kustomer does not know the context, filter or parameter
    │   └── NotFoundError      404: gone, hidden from the key, or no such endpoint
    ├── LinkRefusedError       a redirect or link would carry the key to another host
    ├── TieError               too many records share one instant for the search to tell apart
    ├── LimitedError           429: retried after the reset, and costs no try
    └── TransientError         retried for up to five minutes before it is raised
        ├── UnreachableError   the host has not answered once: retried for seconds only
        └── OverloadedError    too slow or too large, so that a smaller page may help
```

A message holds a status, a path and an error code. It never holds a response body, which may
contain customer data, nor the key.
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
# Timeouts of a gateway. Any other 5xx says nothing about the size of what was asked for.
_SLOW = {408, 504}
_REDIRECT, _CLIENT_ERROR, _SERVER_ERROR = 300, 400, 500


class TapError(Exception):
    """Anything but a bug that ends a run or a stream; the message is all a user needs."""


class SettingsError(TapError):
    """A setting, or the state, is missing or wrong; the message says what to write instead."""


class RecordError(TapError):
    """A record, or the org's metadata, that can't be read."""


class OutputError(TapError):
    """Standard output can't be written; every record before the last bookmark was written."""

    def __init__(self, error: OSError | None = None) -> None:
        """Say what the system's `error` means; `None` means that there is no standard output."""
        if error is None:
            text = "The output can't be written (standard output is closed): run again with one."
        elif isinstance(error, BrokenPipeError):
            text = "The target has stopped reading: see its own log."
        else:
            text = f"The output can't be written ({error.strerror}): see to it and run again."
        super().__init__(text)


class ClosedStreamsError(TapError):
    """The run has read everything it could, but not everything that was selected."""

    def __init__(self, closed: Mapping[str, str]) -> None:
        """List every closed stream with its reason."""
        super().__init__(
            f"{len(closed)} of the selected streams could not be read completely: "
            + " ".join(f"[{name}] {reason}" for name, reason in closed.items())
        )


class KustomerError(TapError):
    """Kustomer, or the way to it, keeps the tap from reading."""


class KeyRefusedError(KustomerError):
    """The API key is wrong, was deleted, or has expired."""

    def __init__(self) -> None:
        """Say where a key that lasts is made."""
        super().__init__(
            "Kustomer does not accept the API key: it is wrong or has expired. Create one under "
            f'{KEY_PAGE} with expiration "Never" and write it into the setting api_key.'
        )


class WrongRegionError(KustomerError):
    """The key belongs to another pod than the host that was asked."""

    def __init__(self, pod: str) -> None:
        """Name the address of `pod`, the key's own, as Kustomer's answer names it."""
        host = POD_HOSTS.get(pod)
        advice = f"set base_url to {host}" if host else "set base_url to your org's own address"
        super().__init__(f"The API key belongs to Kustomer's region {pod}: {advice}.")


class AccessRefusedError(KustomerError):
    """Status 401 or 403 for a resource. Kustomer's documents disagree on which of the two it is."""

    def __init__(self, status: int, path: str) -> None:
        """Keep the `status`, which alone does not tell a dead key from a missing permission."""
        super().__init__(f"Kustomer refused {path} (status {status}).")
        self.status = status


class RequestRefusedError(KustomerError):
    """A 4xx answer that asking again would not change."""

    def __init__(self, status: int, path: str, codes: tuple[str, ...] = ()) -> None:
        """Keep the `status` and Kustomer's own error `codes`, such as `bad_request`."""
        named = f", {', '.join(codes)}" if codes else ""
        super().__init__(
            f"Kustomer does not answer {path} (status {status}{named}). If the setting base_url is "
            "your org's address, please report this with the tap's version."
        )
        self.status = status


class BadRequestError(RequestRefusedError):
    """Status 400: Kustomer does not know the context, filter or parameter."""


class NotFoundError(RequestRefusedError):
    """Status 404: gone, hidden, or an endpoint that this org does not have."""


_REFUSALS = {_BAD_REQUEST: BadRequestError, _NOT_FOUND: NotFoundError}


class LinkRefusedError(KustomerError):
    """An answer pointed to another host."""

    def __init__(self, path: str) -> None:
        """Name only the `path` that was asked; where it pointed is not repeated."""
        super().__init__(
            f"The answer to {path} leads to another address, which the API key is not sent to: set "
            "base_url to your org's address as the browser shows it."
        )


class CertificateError(KustomerError):
    """TLS could not prove that the host is Kustomer's."""

    def __init__(self) -> None:
        """Say what to look at; the check itself can't be switched off."""
        super().__init__(
            "The TLS certificate of Kustomer's host could not be verified: check base_url, and "
            "whether a proxy between this machine and Kustomer replaces certificates (then "
            "REQUESTS_CA_BUNDLE must name a file with the proxy's own)."
        )


class TieError(KustomerError):
    """Too many records share one instant to be told apart."""

    def __init__(self, context: str, instant: int, count: int | None) -> None:
        """Name the instant and how many records Kustomer counts there."""
        super().__init__(
            f"{count or 'Unknown numbers of'} {context} records share the update instant "
            f"{timestamps.text(instant)} and one creation instant: more than Kustomer's search can "
            "tell apart. The bookmark stays before it; any change to those records resolves it."
        )


class LimitedError(KustomerError):
    """Status 429."""


class TransientError(KustomerError):
    """A failure that may pass: a 5xx, a broken connection, an answer that is not what was asked."""

    def __init__(self, path: str, fault: str) -> None:
        """Say what was asked and the `fault` found."""
        super().__init__(
            f"Kustomer kept failing at {path} ({fault}). Run again later: nothing is lost, the "
            "next run goes on from the bookmark. If it lasts, see Kustomer's status page."
        )
        self.fault = fault


class UnreachableError(TransientError):
    """The host of `base_url` does not exist or refuses connections, and has not answered yet."""

    def __init__(self, path: str, url: str) -> None:
        """Name the address, which is the setting most likely to be wrong."""
        super().__init__(path, "host not found or connection refused")
        text = (
            f"No connection to {url}: the host does not exist or refuses connections. Write your "
            "org's address as the browser shows it into base_url, or check this machine's network."
        )
        self.args = (text,)


class OverloadedError(TransientError):
    """A failure that a smaller page may cure: a timeout, `timed_out`, or an answer too large."""


def from_status(status: int, path: str, body: bytes) -> KustomerError | None:
    """The error an HTTP status stands for, or `None` for a good one.

    `body` is searched for the name of a pod and for error codes only.
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


def with_codes(error: RequestRefusedError, path: str, answer: object) -> RequestRefusedError:
    """The same error, naming the plain-word `errors[].code` values of the decoded answer.

    A code such as `bad_request` says what is wrong and holds nobody's data.
    """
    errors = answer.get("errors") if isinstance(answer, dict) else None
    codes = [
        item["code"]
        for item in (errors if isinstance(errors, list) else [])
        if isinstance(item, dict) and isinstance(item.get("code"), str)
    ]
    return type(error)(error.status, path, tuple(c for c in codes if _CODE.fullmatch(c)))
