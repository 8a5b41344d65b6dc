-- How satisfied are customers with each team?
-- tables: conversations, teams
-- A conversation shows its survey in satisfaction_level; without one that has no status. Teams are
-- those of the user whose survey it is. A survey that nobody answered has no rating.
SELECT coalesce(teams.name, team_id, '(no team)') AS team,
    count(*) AS surveys,
    count(satisfaction_level ->> 'rating') AS responses,
    round(avg((satisfaction_level ->> 'score')::numeric), 2) AS average_score,
    round(avg((satisfaction_level ->> 'rating')::numeric), 2) AS average_rating
FROM conversations
LEFT JOIN LATERAL jsonb_array_elements_text(
    CASE jsonb_typeof(satisfaction_level -> 'sentByTeams')
        WHEN 'array' THEN satisfaction_level -> 'sentByTeams' ELSE '[]'
    END
) AS team_id ON true
LEFT JOIN teams ON teams.id = team_id
WHERE conversations.deleted IS NOT TRUE AND satisfaction_level ->> 'status' IS NOT NULL
GROUP BY team_id, team
ORDER BY team, team_id;
