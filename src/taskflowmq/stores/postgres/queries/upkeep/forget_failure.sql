-- Forgets the failure of a duty that works again.
UPDATE taskflow.duty SET failed_at = NULL, problem = NULL WHERE name = $1::text AND problem IS NOT NULL
