-- Lists the duties whose last turn failed.
SELECT name, failed_at, problem FROM taskflow.duty WHERE problem IS NOT NULL ORDER BY name
