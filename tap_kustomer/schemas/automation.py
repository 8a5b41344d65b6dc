"""What acts by itself: AI agents, their evaluations, workflows and their failures."""

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
    kept_members,
    number,
    text,
    to_one,
)

AI_AUTOMATION = Resource(
    attributes=(
        text("name", "What it is called."),
        text("description", "What it is for."),
        text("type", "Whom it serves: customer, rep, conversational or workflow."),
        text("machineUserId", "User that it acts and writes as.", refers_to="users"),
        # Not `version`: a target may keep that word for what ACTIVATE_VERSION names.
        replace(
            integer("version", "0 for the draft that Kustomer lists."), column="version_number"
        ),
        *DATES,
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("user", "User it belongs to.", refers_to="users"),
        to_one("modifiedBy", "User who last edited it.", refers_to="users"),
    ),
)

AI_EVALUATION = Resource(
    attributes=(
        text("name", "What it is called."),
        text("orgId", "The org."),
        text("automationId", "AI agent that it tests.", refers_to="ai_automations"),
        text("createdBy", "Id of the user who created it.", refers_to="users"),
        date_time("createdAt", "When it was created."),
        date_time("updatedAt", "When anything about it last changed."),
    ),
)

AI_EVALUATION_RUN = Resource(
    attributes=(
        text("orgId", "The org."),
        text("evaluationId", "Evaluation that was run.", refers_to="ai_evaluations"),
        text("status", "How far it is: pending, running or completed."),
        number("score", "How much of it passed, from 0 to 100."),
        free_object("scoreByTestCase", "Score of each test case, by its id."),
        integer("durationInNanos", "How long it took, in nanoseconds."),
        integer("runsPerTestCase", "How often each test case was run."),
        text("createdBy", "Id of the user who started it.", refers_to="users"),
        date_time("createdAt", "When it was started."),
        date_time("updatedAt", "When anything about it last changed."),
    ),
)

AI_EVALUATION_RESULT = Resource(
    attributes=(
        text("orgId", "The org."),
        text("evaluationRunId", "Run that it is a result of.", refers_to="ai_evaluation_runs"),
        text("testCaseId", "Test case that was run."),
        text("traceId", "Id of the trace of the run."),
        text("input", "What the AI agent was asked."),
        text("output", "What it answered."),
        free_object("outputMetadata", "More about the answer."),
        text("error", "What went wrong, if anything."),
        free_list("toolCalls", "Tools that it used, each with input and output."),
        text("status", "How far it is: pending, running, completed or error."),
        free_object("assertionResult", "The verdict, with explanation and confidence."),
        integer("durationInNanos", "How long it took, in nanoseconds."),
        text("createdBy", "Id of the user who started the run.", refers_to="users"),
        date_time("createdAt", "When it was created."),
        date_time("updatedAt", "When anything about it last changed."),
        date_time("startedAt", "When the test case began."),
        date_time("endedAt", "When the test case ended."),
    ),
)

WORKFLOW = Resource(
    # What admins type into its steps may be a password of another system.
    listed_only=True,
    attributes=(
        text("name", "What it is called."),
        text("description", "What it is for."),
        kept_members("trigger", "What starts it.", ("id", "eventName")),
        kept_members("steps", "What it does, step by step.", ("id", "action"), is_list=True),
        boolean("enabled", "Whether it is in use."),
        boolean("editable", "Whether the org may edit it."),
        boolean("containsVariables", "Whether it uses variables of the workflow."),
        date_time("createdAt", "When it was created."),
        date_time("updatedAt", "When anything about it last changed."),
    ),
    relationships=EDITORS,
)

WORKFLOW_ERROR = Resource(
    # The event and the context hold whole records of customers and the input of every step.
    listed_only=True,
    replication_key="created_at",
    extra_columns=(text("workflowId", "Workflow that failed.", refers_to="workflows"),),
    attributes=(
        text("error", "What went wrong."),
        text("status", "What became of the run."),
        kept_members("meta", "Which attempt it was.", ("attempt", "retry", "workflowRev")),
        date_time("createdAt", "When the run began; the replication key."),
        date_time("updatedAt", "When anything about the run last changed."),
    ),
    relationships=(
        to_one("org", "The org."),
        to_one("workflowRunner", "What ran it."),
    ),
)
