"""Lists, single objects and audit logs."""

import pytest

from emulator import Org
from emulator.times import DAY, to_ms, to_text
from tests.emulator.world import NOW, World

COUNT = 230
LISTS = {
    "/v1/customers": "customers",
    "/v1/messages": "messages",
    "/v1/notes": "notes",
    "/v1/companies": "companies",
    "/v1/tags": "tags",
    "/v1/brands": "brands",
    "/v1/shortcuts": "shortcuts",
    "/v1/slas": "slas",
    "/v1/satisfaction": "satisfaction_forms",
    "/v1/schedules": "schedules",
    "/v1/routing/queues": "queues",
    "/v1/routing/work-sessions": "work_sessions",
}


@pytest.fixture(scope="module")
def sample() -> Org:
    """Not to be changed."""
    return Org.sample(seed=1, now=NOW, conversations=COUNT, days=40)


@pytest.fixture
def store(sample: Org) -> World:
    return World(sample)


@pytest.mark.parametrize(("path", "stream"), LISTS.items())
def test_lists_everything_by_ascending_id(store: World, path: str, stream: str) -> None:
    listed = [row["id"] for row in store.rows(path)]
    assert listed == sorted(set(listed))
    assert len(listed) == store.org.counts()[stream] > 1


def test_only_customers_have_a_total(store: World) -> None:
    total = store.org.counts()["customers"]
    meta = store.get("/v1/customers", pageSize=50).json["meta"]
    assert meta == {"pageSize": 50, "page": 1, "total": total, "totalPages": -(-total // 50)}
    assert store.get("/v1/messages", pageSize=500).json["meta"] == {"pageSize": 100, "page": 1}


def test_sorting_messages(store: World) -> None:
    ascending = [row["id"] for row in store.rows("/v1/messages")]
    assert [row["id"] for row in store.rows("/v1/messages", sort="desc")] == ascending[::-1]
    assert store.get("/v1/messages", sort="asc").status_code == 400


@pytest.mark.parametrize(
    ("path", "params", "number"),
    [
        ("/v1/tags", {"deleted": "false"}, 11),
        ("/v1/tags", {"deleted": "true"}, 1),
        ("/v1/companies", {"externalId": "firm-3"}, 1),
        ("/v1/companies", {"filter": "nobody"}, 0),
        ("/v1/companies", {"filter": "nobody", "externalId": "firm-3"}, 12),
        ("/v1/klasses", {}, 2),
        ("/v1/klasses", {"status": "existing_only"}, 1),
        ("/v1/klasses", {"status": "disabled"}, 1),
        ("/v1/routing/queues", {"key": "default_queue"}, 1),
        ("/v1/klasses/order", {"fromDate": to_text(NOW)}, 0),
    ],
)
def test_filters(store: World, path: str, params: dict[str, str], number: int) -> None:
    assert len(store.rows(path, **params)) == number


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/v1/klasses", {"status": "all"}),
        ("/v1/slas", {"versions": "1"}),
        ("/v1/klasses/order", {"fromDate": "yesterday"}),
        ("/v1/klasses/order", {"fromDate": "2026-05-01"}),
        ("/v1/audit-logs", {"count": 1_001}),
        ("/v1/audit-logs", {"filter[start]": "yesterday"}),
    ],
)
def test_refuses_parameters(store: World, path: str, params: dict[str, object]) -> None:
    assert store.get(path, **params).status_code == 400


def test_active_work_sessions(store: World) -> None:
    path = "/v1/routing/work-sessions"
    active = store.rows(path, active="true")
    assert active
    assert {row["attributes"]["signedOutAt"] for row in active} == {None}
    assert len(store.rows(path, active="false")) + len(active) == len(store.rows(path))


def test_sla_versions_are_included_when_asked_for(store: World) -> None:
    assert "included" not in store.get("/v1/slas").json
    every = store.get("/v1/slas", versions="all").json
    assert len(every["included"]) == store.org.counts()["sla_versions"] == 3
    named = [one for sla in every["data"] for one in sla["relationships"]["versions"]["data"]]
    assert {one["id"] for one in named} == {one["id"] for one in every["included"]}
    assert {one["type"] for one in every["included"]} == {"sla_version"}
    assert len(store.get("/v1/slas", versions="active").json["included"]) == 2


def test_custom_objects_of_a_klass(store: World) -> None:
    number = {
        name: len(store.rows(f"/v1/klasses/{name}"))
        for name in ("order", "subscription", "ecomm-return", "loyalty")
    }
    assert number["loyalty"] == 0
    assert sum(number.values()) == store.org.counts()["kobjects"] == COUNT // 4
    klass = store.rows("/v1/klasses/order")[0]["relationships"]["klass"]
    assert set(klass) == {"data", "link"}
    assert store.get("/v1/klasses/unheard-of").status_code == 404


def test_holidays_of_a_schedule(store: World) -> None:
    found = 0
    for schedule in store.rows("/v1/schedules"):
        path = f"/v1/schedules/{schedule['id']}"
        assert store.get(path).json == {"data": schedule}
        with_holidays = store.get(path, include="holidays").json
        of = {one["relationships"]["schedule"]["data"]["id"] for one in with_holidays["included"]}
        assert of == {schedule["id"]}
        found += len(with_holidays["included"])
    assert found == len(store.org.resources["holiday"])
    assert store.get("/v1/schedules/default").json["data"]["attributes"]["default"] is True
    assert store.get("/v1/schedules/none").status_code == 404


def test_metadata_is_one_object_per_resource_and_klass(store: World) -> None:
    names = ["company", "conversation", "customer", "message"]
    for status in ("enabled", "existing_only", "disabled"):
        names += [row["attributes"]["name"] for row in store.rows("/v1/klasses", status=status)]
    found = {name: store.get(f"/v1/metadata/{name}").json["data"] for name in names}
    properties = {name: one["attributes"]["properties"] for name, one in found.items()}
    assert sum(map(len, properties.values())) == store.org.counts()["custom_attributes"]
    assert {one["type"] for one in found.values()} == {"metadata"}
    assert properties["conversation"]["oldReasonStr"]["deletedAt"]
    assert properties["ecomm-return"] == {}
    assert store.get("/v1/metadata/note").status_code == 404


def test_an_empty_org_has_metadata_without_attributes(world: World) -> None:
    answer = world.get("/v1/metadata/customer")
    assert answer.json["data"]["attributes"] == {"properties": {}}
    assert set(world.org.counts().values()) == {0}


def test_audit_logs_by_cursor(store: World) -> None:
    every = store.rows("/v1/audit-logs", count=7)
    assert len(every) == store.org.counts()["audit_logs"] == 43
    ids = [row["id"] for row in every]
    assert ids == sorted(ids, reverse=True)
    first = store.get("/v1/audit-logs", count=7).json
    assert first["links"]["prev"] is None
    second = store.get("/v1/audit-logs", count=7, before=ids[6]).json
    assert second["data"] == every[7:14]
    assert store.get(first["links"]["next"]).json["data"] == every[7:14]
    assert store.get(second["links"]["prev"]).json["data"] == every[:7]


def test_audit_logs_link_on_from_a_short_page_too(store: World) -> None:
    last = store.get("/v1/audit-logs", count=42, before=store.org.ids("audit_log")[5]).json
    assert last["meta"] == {"count": 42, "total": 5, "cursorCount": 5}
    end = store.get(last["links"]["next"]).json
    assert (end["data"], end["links"]["next"]) == ([], None)


def test_audit_logs_by_filter(store: World) -> None:
    """The filter compares when entries were published, up to 1.5 s before their creation."""
    every = store.rows("/v1/audit-logs")
    published = {row["id"]: to_ms(row["attributes"]["publishedAt"]) for row in every}
    late = [to_ms(row["attributes"]["createdAt"]) - published[row["id"]] for row in every]
    assert 0 <= min(late) < 1_000 < max(late) < 1_500
    start, end = NOW - 30 * DAY, published[every[3]["id"]]
    bounds = {"filter[start]": to_text(start), "filter[end]": to_text(end)}
    found = store.rows("/v1/audit-logs", count=2, **bounds)
    expected = [row for row in every if start <= published[row["id"]] < end]
    assert 2 < len(expected) < len(every)
    assert found == expected
    kind = every[0]["attributes"]["objectType"]
    of_kind = store.rows("/v1/audit-logs", **{"filter[objectType]": kind})
    assert of_kind == [row for row in every if row["attributes"]["objectType"] == kind]


@pytest.mark.parametrize("path", ["/v1/klasses/{}", "/v1/metadata/", "/v1/conversations/1/2/times"])
def test_unknown_paths(store: World, path: str) -> None:
    assert store.get(path).status_code == 404
