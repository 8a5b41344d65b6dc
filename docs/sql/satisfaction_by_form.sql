-- How do customers rate, per survey form and week?
-- tables: satisfaction_forms, satisfaction_responses
-- Not loaded by default: meltano select tap-kustomer satisfaction_responses '*'
-- Weeks begin on Monday, in UTC.
SELECT coalesce(satisfaction_forms.name, satisfaction_id, '(no form)') AS form,
    date_trunc('week', satisfaction_responses.created_at)::date AS week,
    count(*) AS surveys,
    count(rating) AS responses,
    round(avg(rating), 2) AS average_rating
FROM satisfaction_responses
LEFT JOIN satisfaction_forms ON satisfaction_forms.id = satisfaction_id
GROUP BY satisfaction_id, form, week
ORDER BY form, satisfaction_id, week;
