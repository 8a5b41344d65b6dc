"""The knowledge base: full tables, read through Kustomer's lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from typing_extensions import override

from tap_kustomer import jsonapi
from tap_kustomer.api.document import fetch
from tap_kustomer.errors import NotFoundError
from tap_kustomer.schemas.knowledge_base import (
    KB_ARTICLE,
    KB_ARTICLE_VERSION,
    KB_CATEGORY,
    KB_TAG,
)
from tap_kustomer.streams.optional import UNDOCUMENTED, OptionalList
from tap_kustomer.streams.per_parent import PerParentList, Step
from tap_kustomer.walks.listing import read_list

if TYPE_CHECKING:
    from collections.abc import Iterator

OTHER_TAGS = "/v1/kb/tags"


class KbArticles(OptionalList):
    """An article of the knowledge base, deleted ones too, without its text."""

    name = "kb_articles"
    lists = (("/v1/kb/articles", {}),)
    resource = KB_ARTICLE
    permissions = UNDOCUMENTED


class KbCategories(OptionalList):
    """A category of articles, internal ones too."""

    name = "kb_categories"
    lists = (("/v1/kb/categories", {}), ("/v1/kb/internal/categories", {}))
    cost = "2 requests, for up to 100 categories of each kind"
    resource = KB_CATEGORY
    permissions = UNDOCUMENTED


class KbTags(OptionalList):
    """A tag of articles; conversations have tags of their own."""

    name = "kb_tags"
    lists = (("/v3/kb/tags", {}),)
    resource = KB_TAG
    permissions = UNDOCUMENTED

    @override
    def resources(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """The tags by their documented path, else by the one that another connector uses."""
        client, (path, _) = self.session.client, self.lists[0]
        try:
            found = list(read_list(client, path))
        except NotFoundError:
            found = list(read_list(client, OTHER_TAGS))
        for tag in self.readable(found):
            yield tag, {}

    @override
    def estimate_pending(self) -> str:
        """Checks that either list can be read."""
        try:
            return super().estimate_pending()
        except NotFoundError:
            fetch(self.session.client, OTHER_TAGS, {"pageSize": 1})
            return "full table"


class KbArticleVersions(PerParentList):
    """A version of an article in one language, without its text."""

    name = "kb_article_versions"
    lists = KbArticles.lists
    steps = (Step("/v1/kb/articles/{}/versions/{}"),)
    parent = "article"
    cost = "1 request per 100 articles, and 1 for each language of an article"
    resource = KB_ARTICLE_VERSION
    permissions = UNDOCUMENTED

    @override
    def requests(
        self, parent: dict[str, Any], step: Step
    ) -> Iterator[tuple[str, dict[str, str | int]]]:
        """One list for each language of the article."""
        for lang in jsonapi.object_in(parent, "attributes", "latestLangs"):
            names = (quote(name, safe="") for name in (jsonapi.id_of(parent), lang))
            yield step.path.format(*names), {"withBody": "none"}
