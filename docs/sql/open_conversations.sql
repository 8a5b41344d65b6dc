-- Open conversations per team: how many are there?
-- tables: conversations, teams
SELECT coalesce(teams.name, team_id, '(no team)') AS team, count(*) AS open
FROM conversations
LEFT JOIN LATERAL jsonb_array_elements_text(
    CASE jsonb_typeof(to_jsonb(conversations.assigned_teams))
        WHEN 'array' THEN to_jsonb(conversations.assigned_teams) ELSE '[]'
    END
) AS team_id ON true
LEFT JOIN teams ON teams.id = team_id
WHERE conversations.status = 'open' AND conversations.deleted IS NOT TRUE
GROUP BY 1
ORDER BY 2 DESC, 1;
