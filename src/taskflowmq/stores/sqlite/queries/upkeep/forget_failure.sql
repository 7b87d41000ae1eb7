-- Forgets the failure of a duty that works again.
UPDATE taskflow_duty SET failed_at = NULL, problem = NULL WHERE name = :name AND problem IS NOT NULL
