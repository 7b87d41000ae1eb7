-- Notes why the last turn of a duty failed.
INSERT INTO taskflow_duty (name, failed_at, problem) VALUES (:name, :now, :problem)
ON CONFLICT (name) DO UPDATE SET failed_at = excluded.failed_at, problem = excluded.problem
