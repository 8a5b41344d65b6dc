-- How much time do agents spend on conversations, per week and team?
-- tables: conversation_times, teams
-- Weeks begin on Monday, in UTC; teams are those that the conversation was assigned to meanwhile.
-- handle_time is in milliseconds. Kustomer has two timers, whose times may not be added up.
SELECT date_trunc('week', handle_at)::date AS week,
    coalesce(timer_version, 'v1') AS timer,
    coalesce(teams.name, team_id, '(no team)') AS team,
    count(DISTINCT conversation_id) AS conversations,
    count(*) AS times_handled,
    round(sum(handle_time) / 3600000.0, 1) AS total_hours,
    round(
        (percentile_cont(0.5) WITHIN GROUP (ORDER BY handle_time / 60000.0))::numeric, 1
    ) AS median_minutes,
    round(
        (percentile_cont(0.9) WITHIN GROUP (ORDER BY handle_time / 60000.0))::numeric, 1
    ) AS p90_minutes
FROM conversation_times
LEFT JOIN LATERAL jsonb_array_elements_text(
    CASE jsonb_typeof(to_jsonb(conversation_times.assigned_teams))
        WHEN 'array' THEN to_jsonb(conversation_times.assigned_teams) ELSE '[]'
    END
) AS team_id ON true
LEFT JOIN teams ON teams.id = team_id
WHERE handle_time IS NOT NULL
GROUP BY week, timer, team_id, team
ORDER BY week, timer, team, team_id;
