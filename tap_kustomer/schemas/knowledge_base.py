"""The knowledge base: articles, their versions, categories and tags."""

from dataclasses import replace

from tap_kustomer.records import Resource
from tap_kustomer.schemas import (
    DATES,
    EDITORS,
    boolean,
    date_time,
    free_list,
    free_object,
    integer,
    text,
    texts,
    to_many,
    to_one,
)

# Not documented, and a secret elsewhere: the hash of an inbound hook opens it.
_LEFT_OUT = ("hash",)

KB_ARTICLE = Resource(
    left_out=_LEFT_OUT,
    attributes=(
        text("title", "What readers see above it."),
        text("source", "Where it comes from."),
        text("status", "Whether it is published."),
        text("scope", "Who may read it, such as public or internal."),
        texts("tags", "Ids of its tags.", refers_to="kb_tags"),
        free_list("categories", "Its categories, each with the knowledge base it is in."),
        free_list("knowledgeBases", "Knowledge bases it is in, and whether it stands out there."),
        text("metaTitle", "Title for search engines."),
        text("metaDescription", "Summary for search engines."),
        texts("metaKeywords", "Keywords for search engines."),
        free_object("latestLangs", "Status of the newest version in each language."),
        *DATES,
        date_time("publishedAt", "When it was last published."),
        boolean("deleted", "Whether it is deleted."),
        date_time("deletedAt", "When it was deleted."),
    ),
    relationships=(
        *EDITORS,
        to_one("publishedBy", "User who last published it.", refers_to="users"),
        to_one("deletedBy", "User who deleted it.", refers_to="users"),
        to_one("category", "Its main category.", refers_to="kb_categories"),
        to_many("categories", "All its categories.", refers_to="kb_categories"),
        to_many("accessUsers", "Users who may read it.", refers_to="users"),
        to_many("accessTeams", "Teams that may read it.", refers_to="teams"),
    ),
)

KB_CATEGORY = Resource(
    left_out=_LEFT_OUT,
    attributes=(
        free_object("langs", "Title, address and description in each language."),
        boolean("published", "Whether readers see it."),
        boolean("root", "Whether it is the top of the tree."),
        free_list("positions", "Order of its articles."),
        free_list("categoryPositions", "Order of the categories below it."),
        date_time("createdAt", "When it was created."),
        date_time("updatedAt", "When anything about it last changed."),
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("knowledgeBase", "Knowledge base it is in; internal ones have none."),
        to_one("createdBy", "User who created it.", refers_to="users"),
        to_one("parent", "Category above it.", refers_to="kb_categories"),
    ),
)

KB_TAG = Resource(
    attributes=(
        text("name", "What it is called."),
        *DATES,
    ),
    relationships=EDITORS,
)

KB_ARTICLE_VERSION = Resource(
    # The text is a whole web page.
    left_out=("htmlBody", *_LEFT_OUT),
    extra_columns=(text("articleId", "Article it is a version of.", refers_to="kb_articles"),),
    attributes=(
        text("lang", "Language, such as en_us."),
        text("title", "What readers see above it."),
        text("slug", "Last part of its address."),
        text("metaDescription", "Summary for search engines."),
        texts("metaKeywords", "Keywords for search engines."),
        boolean("advanced", "Whether it was written as HTML."),
        # Not `version`: a target may keep that word for what ACTIVATE_VERSION names.
        replace(
            integer("version", "Counts the versions in one language."), column="version_number"
        ),
        integer("rev", "Grows with every revision of the record."),
        text("status", "Whether it is published."),
        text("scope", "Who may read it, such as public or internal."),
        texts("tags", "Ids of its tags.", refers_to="kb_tags"),
        free_list("categories", "Its categories, each with the knowledge base it is in."),
        *DATES,
        date_time("publishedAt", "When it was published."),
    ),
    relationships=(
        *EDITORS,
        to_one("publishedBy", "User who published it.", refers_to="users"),
        to_many("categories", "All its categories.", refers_to="kb_categories"),
        to_many("accessUsers", "Users who may read it.", refers_to="users"),
        to_many("accessTeams", "Teams that may read it.", refers_to="teams"),
    ),
)
