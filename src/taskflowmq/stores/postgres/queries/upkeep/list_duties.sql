-- Lists the duties: when each had its last turn, and the failure of that turn.
SELECT name, ran_at, failed_at, problem FROM taskflow.duty WHERE name <> 'grace' ORDER BY name
