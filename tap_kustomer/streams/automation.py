"""What acts by itself: workflows and AI agents, and how well they do."""

from __future__ import annotations

from tap_kustomer.needs import Feature
from tap_kustomer.schemas.automation import (
    AI_AUTOMATION,
    AI_EVALUATION,
    AI_EVALUATION_RESULT,
    AI_EVALUATION_RUN,
    WORKFLOW,
)
from tap_kustomer.streams.optional import OptionalList
from tap_kustomer.streams.per_parent import PerParentList, Step

AI_AGENTS = Feature("AI Agents", "https://developer.kustomer.com/api/ai")
_EVALUATIONS = Step("/v1/ai/automations/{}/evaluations")
_RUNS = Step("/v1/ai/evaluation-runs", "evaluationIds")
_RESULTS = Step("/v1/ai/evaluation-testcase-results", "evaluationRunIds")


class Workflows(OptionalList):
    """A workflow, with the kind of each step but not what is typed into it."""

    name = "workflows"
    lists = (("/v1/workflows", {}),)
    resource = WORKFLOW
    permissions = (("org.permission.workflow.read", "org.admin.workflow.read"),)


class AiAutomations(OptionalList):
    """An AI agent."""

    name = "ai_automations"
    lists = (("/v1/ai/automations", {}),)
    resource = AI_AUTOMATION
    permissions = (("org.permission.assistant.read", "org.user.apps.read"),)
    plan_gated = AI_AGENTS


class AiEvaluations(PerParentList):
    """A set of test cases for an AI agent."""

    name = "ai_evaluations"
    lists = AiAutomations.lists
    steps = (_EVALUATIONS,)
    cost = "1 request per 100 AI agents, and 1 for each"
    resource = AI_EVALUATION
    permissions = AiAutomations.permissions
    plan_gated = AI_AGENTS


class AiEvaluationRuns(PerParentList):
    """A run of an evaluation, with its score."""

    name = "ai_evaluation_runs"
    lists = AiAutomations.lists
    steps = (_EVALUATIONS, _RUNS)
    cost = "as ai_evaluations, and 1 request per evaluation"
    resource = AI_EVALUATION_RUN
    permissions = AiAutomations.permissions
    plan_gated = AI_AGENTS


class AiEvaluationResults(PerParentList):
    """The result of one test case in one run of an evaluation."""

    name = "ai_evaluation_results"
    lists = AiAutomations.lists
    steps = (_EVALUATIONS, _RUNS, _RESULTS)
    cost = "as ai_evaluation_runs, and 1 request per run"
    resource = AI_EVALUATION_RESULT
    permissions = AiAutomations.permissions
    plan_gated = AI_AGENTS
