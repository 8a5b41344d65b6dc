-- How long do customers wait for a first response, per week and team?
-- tables: conversations, teams
-- The wait begins with the first message in, or else with the conversation. Weeks are those that
-- conversations began in, from Monday, in UTC; teams are those assigned as the response was sent.
WITH answered AS (
    SELECT conversations.id, date_trunc('week', conversations.created_at)::date AS week,
        first_response -> 'assignedTeams' AS team_ids,
        extract(epoch FROM
            (first_response ->> 'sentAt')::timestamptz
            - coalesce(
                (first_message_in ->> 'sentAt')::timestamptz,
                conversations.created_at AT TIME ZONE 'UTC'
            )
        ) / 60 AS minutes
    FROM conversations
    WHERE conversations.deleted IS NOT TRUE AND first_response ->> 'sentAt' IS NOT NULL
)
SELECT week, coalesce(teams.name, team_id, '(no team)') AS team, count(*) AS answered,
    round((percentile_cont(0.5) WITHIN GROUP (ORDER BY minutes))::numeric, 1) AS median_minutes,
    round((percentile_cont(0.9) WITHIN GROUP (ORDER BY minutes))::numeric, 1) AS p90_minutes
FROM answered
LEFT JOIN LATERAL jsonb_array_elements_text(
    CASE jsonb_typeof(team_ids) WHEN 'array' THEN team_ids ELSE '[]' END
) AS team_id ON true
LEFT JOIN teams ON teams.id = team_id
GROUP BY week, team_id, team
ORDER BY week, team, team_id;
