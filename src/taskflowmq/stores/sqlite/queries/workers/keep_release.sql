-- Keeps a release that is announced, now or some time ago, and returns its id.
INSERT INTO taskflow_release (name, first_at, last_at) VALUES (:name, :at, :at)
ON CONFLICT (name) DO UPDATE SET last_at = max(taskflow_release.last_at, excluded.last_at)
RETURNING id
