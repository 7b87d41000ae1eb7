-- Lists the duties: when each had its last turn, the failure of that turn, and which process had it.
SELECT name, ran_at, failed_at, problem, CASE WHEN ran_by_from = ran_at THEN ran_by::text END AS ran_by
FROM taskflow.duty WHERE name <> 'grace' ORDER BY name
