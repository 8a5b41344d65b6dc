"""Lists, single objects and audit logs."""

import pytest

from emulator import Org
from emulator.times import DAY, to_ms, to_text
from tests.emulator.world import NOW, World

COUNT = 230
LISTS = {
    "/v1/notes": "notes",
    "/v1/companies": "companies",
    "/v1/conversations": "conversations",
    "/v1/tags": "tags",
    "/v1/brands": "brands",
    "/v1/slas": "slas",
    "/v1/satisfaction": "satisfaction_forms",
    "/v1/schedules": "schedules",
    "/v1/routing/work-sessions": "work_sessions",
    "/v1/role-groups": "permission_sets",
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


def test_pages_have_links_and_no_total(store: World) -> None:
    second = store.get("/v1/conversations", page=2).json
    assert second["meta"] == {"pageSize": 100, "page": 2}
    assert second["links"] == {
        "self": "/v1/conversations?page=2&pageSize=100",
        "first": "/v1/conversations?page=1&pageSize=100",
        "prev": "/v1/conversations?page=1&pageSize=100",
        "next": "/v1/conversations?page=3&pageSize=100",
    }
    assert store.get("/v1/conversations", page=3).json["links"]["next"] is None


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/v1/conversations", {"page": 0}),
        ("/v1/conversations", {"pageSize": "x"}),
        ("/v1/conversations", {"pageSize": "²"}),
        ("/v1/conversations", {"pageSize": "9" * 30}),
        ("/v1/conversations", {"pageSize": [1, 2]}),
        ("/v1/conversations", {"pageSize": 101}),
        ("/v1/conversations", {"sort": "desc"}),
        ("/v1/conversations/1", {"page": 1}),
        ("/v1/conversations/1/events", {"sort": "desc"}),
        ("/v1/teams", {"pageSize": 501}),
        ("/v1/tags", {"deleted": "false"}),
        ("/v1/teams", {"deleted": "all"}),
        ("/v1/shortcuts", {"deleted": "all"}),
        ("/v1/routing/queues", {"all": "false"}),
        ("/v1/users", {"deleted": "false"}),
        ("/v1/users", {"email": "a@example.com"}),
        ("/v1/companies", {"externalId": "firm-3"}),
        ("/v1/routing/queues", {"key": "default"}),
        ("/v1/routing/work-sessions", {"active": "true"}),
        ("/v1/routing/work-sessions", {"sort": "asc"}),
        ("/v1/klasses", {"status": "all"}),
        ("/v1/slas", {"versions": "active"}),
        ("/v1/schedules/1", {"include": "everything"}),
        ("/v1/metadata/customer", {"pageSize": 1}),
        ("/v1/audit-logs", {"page": 1}),
        ("/v1/audit-logs", {"after": "1"}),
        ("/v1/audit-logs", {"count": 1_001}),
        ("/v1/audit-logs", {"filter[start]": "yesterday"}),
        ("/v1/audit-logs", {"filter[end]": "2026-05-01T10:30:00"}),
        ("/v1/audit-logs", {"filter[objectType]": "user"}),
    ],
)
def test_refuses_what_the_tap_does_not_send(
    store: World, path: str, params: dict[str, object]
) -> None:
    answer = store.get(path, **params)
    assert answer.status_code == 400
    assert answer.json["errors"][0]["code"] == "bad_request"


@pytest.mark.parametrize(
    "path",
    [
        *("/v1/customers/none", "/v1/messages", "/v1/klasses/order", "/v1/schedules/none"),
        *("/v1/klasses/{}", "/v1/metadata/", "/v1//tags", "/v1/conversations/1/2/times"),
    ],
)
def test_unknown_paths(store: World, path: str) -> None:
    assert store.get(path).status_code == 404


def test_users_hide_deactivated_ones(store: World) -> None:
    active, deactivated = store.rows("/v1/users"), store.rows("/v1/users", deleted="true")
    assert (len(active), len(deactivated)) == (24, 2)


@pytest.mark.parametrize(
    ("path", "parameter", "stream"),
    [
        ("/v1/teams", "deleted", "teams"),
        ("/v1/shortcuts", "deleted", "shortcuts"),
        ("/v1/routing/queues", "all", "queues"),
    ],
)
def test_deleted_ones_are_hidden_unless_asked_for(
    store: World, path: str, parameter: str, stream: str
) -> None:
    in_use, more = store.rows(path), store.rows(path, **{parameter: "true"})
    assert not any(row["attributes"]["deleted"] for row in in_use)
    assert any(row["attributes"]["deleted"] for row in more)
    assert len({row["id"] for row in in_use + more}) == store.org.counts()[stream]


def test_role_groups_have_no_links_and_auth_roles_no_pages(store: World) -> None:
    assert all("links" not in group for group in store.rows("/v1/role-groups"))
    roles = store.get("/v1/auth/roles", pageSize=1).json
    assert set(roles) == {"data"}
    assert {frozenset(role) for role in roles["data"]} == {frozenset({"type", "id"})}


def test_klasses_are_listed_by_status(store: World) -> None:
    statuses = ("enabled", "existing_only", "disabled")
    listed = [len(store.rows("/v1/klasses", status=status)) for status in statuses]
    assert listed == [2, 1, 1]
    assert store.rows("/v1/klasses") == store.rows("/v1/klasses", status="enabled")


def test_work_sessions_are_sorted_if_switched_on(store: World) -> None:
    path = "/v1/routing/work-sessions"
    ascending = store.rows(path)
    assert store.rows(path, sort="desc") == ascending
    store.switches.sorted_sessions = True
    assert store.rows(path, sort="desc") == ascending[::-1]
    assert store.rows(path) == ascending


def test_sla_versions_are_included_when_asked_for(store: World) -> None:
    assert "included" not in store.get("/v1/slas").json
    every = store.get("/v1/slas", versions="all").json
    assert len(every["included"]) == store.org.counts()["sla_versions"] == 3
    named = [one for sla in every["data"] for one in sla["relationships"]["versions"]["data"]]
    assert {one["id"] for one in named} == {one["id"] for one in every["included"]}
    assert {one["type"] for one in every["included"]} == {"sla_version"}


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
    assert second["links"]["prev"] == f"/v1/audit-logs?count=7&after={ids[7]}"
    assert store.get(first["links"]["next"]).json["data"] == every[7:14]


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
