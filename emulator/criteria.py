"""One search criterion: one attribute, one operator, one value.

``equals, gte, lte, lt, contains, in, not_set`` are documented, ``gt`` is seen by peers. Whether one
criterion may have two operators, and which operator suits which kind, is not: the emulator refuses.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import ge, gt, le, lt
from zoneinfo import ZoneInfo

from emulator.contexts import Attribute, Kind
from emulator.errors import bad_request
from emulator.resource import Resource
from emulator.times import EPOCH, to_ms

Span = tuple[int, int]
FOREVER: Span = (-(1 << 62), 1 << 62)

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z")
_COMPARE: dict[str, Callable[[float, float], bool]] = {"gte": ge, "lte": le, "gt": gt, "lt": lt}
_OPERATORS = {
    Kind.DATE: {"equals", "gte", "lte", "gt", "lt", "not_set"},
    Kind.NUMBER: {"equals", "gte", "lte", "gt", "lt", "in", "not_set"},
    Kind.TEXT: {"equals", "contains", "in", "not_set"},
    Kind.BOOLEAN: {"equals", "not_set"},
}
_TYPES: dict[Kind, tuple[type, ...]] = {
    Kind.NUMBER: (int, float),
    Kind.TEXT: (str,),
    Kind.BOOLEAN: (bool,),
}


@dataclass(frozen=True)
class Criterion:
    """A parsed criterion.

    Attributes:
        attribute: what is compared.
        test: whether a value of the attribute meets the criterion.
        span: for a range of dates: first instant and the one after the last, epoch ms.
    """

    attribute: Attribute
    test: Callable[[object], bool]
    span: Span | None = None

    def matches(self, record: Resource) -> bool:
        """Return whether a record meets the criterion."""
        return self.test(self.attribute.value(record))


def parse_criterion(
    criterion: object, find: Callable[[str], Attribute], zone: ZoneInfo
) -> Criterion:
    """Parse ``{attribute: {operator: value}}``.

    Args:
        criterion: the JSON value.
        find: gives the attribute of a name or refuses it.
        zone: time zone of dates without time.

    Raises:
        ApiError: 400 when anything is not as documented.
    """
    name, condition = _only_item(criterion, "a criterion names one attribute")
    attribute = find(name)
    operator, value = _only_item(condition, f"{name} takes one operator")
    if operator not in _OPERATORS[attribute.kind]:
        title = f"operator {operator} does not apply to {name}"
        raise bad_request(title)
    if operator == "not_set":
        if value != "":
            title = "not_set takes an empty string"
            raise bad_request(title)
        return Criterion(attribute, _is_empty)
    if attribute.kind is Kind.DATE:
        first, end = date_span(operator, value, zone)
        return Criterion(
            attribute, lambda found: isinstance(found, int) and first <= found < end, (first, end)
        )
    return Criterion(attribute, _plain_test(attribute.kind, operator, value))


def date_span(operator: str, value: object, zone: ZoneInfo) -> Span:
    """Return the instants a date criterion admits, in epoch ms, the end not included.

    A value is a day in ``zone`` or a UTC instant, which no time zone moves (documented).
    """
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            day = datetime.fromisoformat(value).replace(tzinfo=zone)
            millisecond = timedelta(milliseconds=1)
            first, end = ((at - EPOCH) // millisecond for at in (day, day + timedelta(days=1)))
        elif isinstance(value, str) and _INSTANT.fullmatch(value):
            first = to_ms(value)
            end = first + 1
        else:
            title = f"not a date or UTC instant: {value!r}"
            raise bad_request(title)
    except ValueError as error:
        raise bad_request(str(error)) from None
    return {
        "equals": (first, end),
        "gte": (first, FOREVER[1]),
        "gt": (end, FOREVER[1]),
        "lte": (FOREVER[0], end),
        "lt": (FOREVER[0], first),
    }[operator]


def _only_item(value: object, rule: str) -> tuple[str, object]:
    if not isinstance(value, Mapping) or len(value) != 1:
        raise bad_request(rule)
    return next(iter(value.items()))


def _is_empty(found: object) -> bool:
    return found is None or found in ("", [], {})


def _plain_test(kind: Kind, operator: str, value: object) -> Callable[[object], bool]:
    wanted = value if operator == "in" else [value]
    if not isinstance(wanted, list) or not all(_has_kind(one, kind) for one in wanted):
        title = f"wrong value for {operator}: {value!r}"
        raise bad_request(title)
    if operator in _COMPARE:
        compare = _COMPARE[operator]
        return lambda found: _has_kind(found, kind) and compare(found, wanted[0])  # type: ignore[arg-type]  # both are numbers: checked at run time by _has_kind
    if operator == "contains":
        # Whole words only, as seen by AWS.
        words = set(re.findall(r"\w+", wanted[0].lower()))
        return lambda found: words <= set(re.findall(r"\w+", str(found or "").lower()))
    return lambda found: any(
        one in wanted for one in (found if isinstance(found, list) else [found])
    )


def _has_kind(value: object, kind: Kind) -> bool:
    # A bool is an int in Python, but not a number in JSON.
    return isinstance(value, _TYPES[kind]) and isinstance(value, bool) == (kind is Kind.BOOLEAN)
