"""A search request, parsed as strictly as documented.

What a wrong page or page size answers is not documented: the emulator refuses with 400 instead of
guessing, so that a client cannot come to rely on it. Unknown parameters of the query string are
ignored, unknown keys of the body are refused (the list is closed).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import msgspec

from emulator.contexts import Attribute, Context, context_named
from emulator.criteria import FOREVER, Criterion, Span, parse_criterion
from emulator.errors import bad_request
from emulator.resource import Resource

MAX_PAGE_SIZE = 500
DEFAULT_PAGE_SIZE = 100
MAX_PAGES = 100
MAX_RECORDS = 10_000
_ARCHIVE_KEYS = {"queryContext", "and", "or", "not", "sort", "timeZone", "includeDeleted"}
_KEYS = _ARCHIVE_KEYS | {"fields", "aggs", "searchHash"}
_UPDATED = ("attributes", "updatedAt")


@dataclass(frozen=True)
class Query:
    """A parsed search.

    Attributes:
        context: what is searched.
        span: range of ``updatedAt`` that all results lie in, epoch ms, end not included.
        all_of, any_of, none_of: the criteria of ``and`` (less those in ``span``), ``or``, ``not``.
        sort: first sort key and whether it descends; None: no order asked for.
        include_deleted: also find deleted records.
        page: from 1.
        page_size: up to 500.
        ids_only: find ids only.
    """

    context: Context
    span: Span
    all_of: list[Criterion]
    any_of: list[Criterion]
    none_of: list[Criterion]
    sort: tuple[Attribute, bool] | None
    include_deleted: bool
    page: int
    page_size: int
    ids_only: bool

    @property
    def past_caps(self) -> bool:
        """Whether the page lies or reaches beyond page 100 or record 10,000."""
        return self.page > MAX_PAGES or self.page * self.page_size > MAX_RECORDS

    @property
    def sorts_by_update(self) -> bool:
        """Whether the order is that of ``updatedAt``."""
        return self.sort is not None and self.sort[0].path == _UPDATED

    @property
    def is_filtered(self) -> bool:
        """Whether there are criteria besides the span."""
        return bool(self.all_of or self.any_of or self.none_of)

    def matches(self, record: Resource) -> bool:
        """Return whether a record within the span meets all groups of criteria."""
        return (
            all(one.matches(record) for one in self.all_of)
            and (not self.any_of or any(one.matches(record) for one in self.any_of))
            and not any(one.matches(record) for one in self.none_of)
        )


def parse_query(
    params: Mapping[str, str], body: bytes, *, archive: bool, company: bool = True
) -> Query:
    """Parse the query string and body of a search; 400 when anything is not as documented."""
    fields = _body(body, _ARCHIVE_KEYS if archive else _KEYS)
    context = context_named(fields.get("queryContext"), archive=archive, company=company)
    zone = _zone(fields.get("timeZone", "GMT"))

    def find(name: str) -> Attribute:
        return context.attribute(name, archive=archive)

    def group(key: str) -> list[Criterion]:
        value = fields.get(key, [])
        criteria = value if isinstance(value, list) else [value]
        return [parse_criterion(criterion, find, zone) for criterion in criteria]

    span, all_of = FOREVER, []
    for criterion in group("and"):
        if criterion.span and criterion.attribute.path == _UPDATED:
            span = max(span[0], criterion.span[0]), min(span[1], criterion.span[1])
        else:
            all_of.append(criterion)
    include_deleted = fields.get("includeDeleted", False)
    ids_only = params.get("idsOnly", "false")
    if not isinstance(include_deleted, bool) or ids_only not in {"true", "false"}:
        title = "includeDeleted and idsOnly are true or false"
        raise bad_request(title)
    return Query(
        context,
        span,
        all_of,
        group("or"),
        group("not"),
        _sort(fields.get("sort", []), context, archive=archive),
        include_deleted,
        positive(params, "page", 1),
        positive(params, "pageSize", DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE),
        ids_only == "true",
    )


def positive(params: Mapping[str, str], name: str, default: int, largest: int = 1 << 31) -> int:
    """Return a whole number from the query string; 400 unless within 1..``largest``."""
    text = params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < len(str(1 << 31))):
        title = f"{name} is not a number from 1"
        raise bad_request(title)
    if not 1 <= int(text) <= largest:
        title = f"{name} is not within 1 and {largest}"
        raise bad_request(title)
    return int(text)


def _body(body: bytes, keys: set[str]) -> dict[str, object]:
    try:
        fields = msgspec.json.decode(body, type=dict[str, object])
    except msgspec.MsgspecError:
        title = "the body is not a JSON object"
        raise bad_request(title) from None
    if unknown := set(fields) - keys:
        title = f"unknown keys: {', '.join(sorted(unknown))}"
        raise bad_request(title)
    return fields


def _zone(name: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(name))
    except (ValueError, OSError, KeyError):
        title = f"unknown timeZone {name!r}"
        raise bad_request(title) from None


def _sort(value: object, context: Context, *, archive: bool) -> tuple[Attribute, bool] | None:
    """Return the first sort key; further ones are ignored, as seen by AWS."""
    keys: list[tuple[Attribute, bool]] = []
    for entry in value if isinstance(value, list) else [value]:
        if not isinstance(entry, dict) or len(entry) != 1:
            title = "a sort entry has one attribute"
            raise bad_request(title)
        name, direction = next(iter(entry.items()))
        if direction not in {"asc", "desc"} or (archive and name in context.unsortable):
            title = f"cannot sort by {name} {direction}"
            raise bad_request(title)
        keys.append((context.attribute(name, archive=archive), direction == "desc"))
    return keys[0] if keys else None
