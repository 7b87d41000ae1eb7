-- Takes the turn of a duty if it is due: once per interval for the cluster.
-- A turn in the future (the clock went back) counts as over. Also returns what a rescuer needs: the gap, the age of the
-- server, for how long consecutive sweeps had come late, the grace.
WITH n AS MATERIALIZED (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now),
made AS (
  INSERT INTO taskflow.duty (name, ran_at, ran_by, ran_by_from) SELECT $2::text, now, $4::json, now FROM n
  ON CONFLICT (name) DO NOTHING RETURNING name
),
old AS MATERIALIZED (
  SELECT name, ran_at FROM taskflow.duty
  WHERE name = $2::text AND (ran_at IS NULL OR ran_at <= (SELECT now FROM n) - $3::bigint * interval '1 millisecond'
                       OR ran_at > (SELECT now FROM n) + $3::bigint * interval '1 millisecond')
  FOR UPDATE SKIP LOCKED
),
turned AS (
  UPDATE taskflow.duty
  SET ran_at = (SELECT now FROM n), ran_by = $4::json, ran_by_from = (SELECT now FROM n)
  WHERE name = (SELECT name FROM old) RETURNING name
)
SELECT EXISTS (SELECT FROM made) OR EXISTS (SELECT FROM turned) AS taken,
       (SELECT floor(extract(epoch FROM n.now - coalesce(o.ran_at, d.ran_at)) * 1000)::bigint
        FROM taskflow.duty d LEFT JOIN old o ON o.name = d.name WHERE d.name = $2::text) AS gap_ms,
       CASE WHEN $1::timestamptz IS NULL
            THEN floor(extract(epoch FROM n.now - pg_postmaster_start_time()) * 1000)::bigint END AS store_age_ms,
       (SELECT floor(extract(epoch FROM coalesce(o.ran_at, d.ran_at) - g.ran_at) * 1000)::bigint
        FROM taskflow.duty d JOIN taskflow.duty g ON g.name = 'grace' LEFT JOIN old o ON o.name = d.name
        WHERE d.name = $2::text) AS late_ms,
       EXISTS (SELECT FROM taskflow.duty g WHERE g.name = 'grace' AND g.grace_until > n.now) AS grace
FROM n
