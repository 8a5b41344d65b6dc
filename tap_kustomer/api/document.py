"""GET responses: JSON:API documents, valid only if they have data and no errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_kustomer.api.decode import decode
from tap_kustomer.errors import TransientError
from tap_kustomer.jsonapi import data_in
from tap_kustomer.nesting import is_too_deep

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_kustomer.api.client import Client


def fetch(
    client: Client, path: str, params: Mapping[str, str | int] | None = None
) -> dict[str, Any]:
    """The document at `path`, with retries.

    Raises:
        KustomerError: the first refusal, or the last failure after all attempts.
    """
    return client.retry(path, lambda: parse(client.get(path, params), path))


def parse(body: bytes, path: str) -> dict[str, Any]:
    """The document in `body`; its `data` is a list of objects or an object.

    Raises:
        TransientError: it is not such a document, or reports errors.
    """
    try:
        document = decode(body)
    except ValueError:
        raise TransientError(path, "the response is not JSON") from None
    if is_too_deep(body):
        raise TransientError(path, "the response nests too deeply")
    if isinstance(document, dict):
        refuse_errors(document.get("errors"), path)
        if isinstance(document.get("data"), (list, dict)):
            data_in(document, path)
            return document
    raise TransientError(path, "the response has no data")


def refuse_errors(errors: object, path: str) -> None:
    """Reject a response with `errors`, since its data may be incomplete.

    Raises:
        TransientError: there are errors.
    """
    if errors:
        raise TransientError(path, "the response reports errors")
