"""Refusals in one of the documented shapes.

JSON:API error objects and ``{code, message, meta}`` objects are both documented; the emulator
always sends the first.
"""

from collections.abc import Iterable

import msgspec


class ApiError(Exception):
    """A request is refused with a status and an error body."""

    def __init__(self, status: int, code: str, title: str) -> None:
        """Keep what the body is made of."""
        super().__init__(f"{status} {code}: {title}")
        self.status = status
        self.code = code
        self.title = title

    def body(self) -> bytes:
        """Return the JSON error body."""
        error = {"status": self.status, "code": self.code, "title": self.title}
        return msgspec.json.encode({"errors": [error]})


def forbidden(title: str) -> ApiError:
    """Return the refusal of what the key may not see."""
    return ApiError(403, "forbidden", title)


def not_found(title: str) -> ApiError:
    """Return the refusal of what is not there (documented)."""
    return ApiError(404, "not_found", title)


def refuse_poison(poison: set[str], sent: Iterable[str]) -> None:
    """Refuse an answer that would send one of these ids."""
    if not poison.isdisjoint(sent):
        raise ApiError(500, "internal_error", "poison")


def bad_request(title: str) -> ApiError:
    """Return the refusal of an invalid request: 400 ``bad_request`` (documented)."""
    return ApiError(400, "bad_request", title)
