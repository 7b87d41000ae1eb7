-- Keeps a release that is announced, now or some time ago, and returns its id.
-- A known name is updated, and not inserted: an insert that meets it would use up an id at each start of a worker.
WITH n AS MATERIALIZED (
  SELECT coalesce($1::timestamptz, clock_timestamp()) - $3::bigint * interval '1 millisecond' AS at
),
known AS (
  UPDATE taskflow.release r SET last_at = greatest(r.last_at, n.at) FROM n WHERE r.name = $2::text RETURNING r.id
),
made AS (
  INSERT INTO taskflow.release (name, first_at, last_at)
  SELECT $2::text, n.at, n.at FROM n WHERE NOT EXISTS (SELECT FROM known)
  ON CONFLICT (name) DO UPDATE SET last_at = greatest(release.last_at, excluded.last_at)
  RETURNING id
)
SELECT k.id FROM known k UNION ALL SELECT m.id FROM made m
