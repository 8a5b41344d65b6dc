"""Pages of a list, and what reading them gives."""

from __future__ import annotations

import json
from typing import Any

from tap_kustomer.walks.listing import read_list
from tests.support import Transport, client_for, scripted

PATH = "/v1/teams"
SECOND = f"{PATH}?page=2"
Page = dict[str, Any]


def plain(*ids: str, total: object = None) -> Page:
    """A page that says nothing about others but, maybe, a total."""
    data = [{"id": one} for one in ids]
    return {"data": data} if total is None else {"data": data, "meta": {"total": total}}


def page(*ids: str, following: object = None, total: object = None) -> Page:
    return {**plain(*ids, total=total), "links": {"next": following}}


def answering(*pages: Page) -> Transport:
    return scripted(*[(200, {}, json.dumps(one).encode()) for one in pages])


def read(*pages: Page, **options: Any) -> tuple[list[str], list[str]]:
    """The ids read, and the query of each request; every page must have been asked for."""
    sender = answering(*pages)
    found = [one.id for one in read_list(client_for(sender), PATH, **options)]
    assert len(sender.sent) == len(pages), "not every page was asked for"
    return found, queries(sender)


def queries(sender: Transport) -> list[str]:
    assert all(one.path_url.partition("?")[0] == PATH for one in sender.sent)
    return [one.path_url.partition("?")[2] for one in sender.sent]
