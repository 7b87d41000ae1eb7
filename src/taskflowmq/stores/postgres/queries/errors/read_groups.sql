-- Reads the groups of a tenant ($2): one by its fingerprint ($3), or those in a state ($4), of a task ($5), with a text ($6, in
-- small letters); null means any. At most $8, the largest value of the order in $7 first, below the value $9 and fingerprint $10.
-- The trend is of the 24 hours that end with the present minute, as hour and count; dead jobs are counted up to $11.
WITH n AS MATERIALIZED (SELECT (SELECT coalesce($1::timestamptz, clock_timestamp())) AS now),
fresh AS MATERIALIZED (
  SELECT s.fingerprint, sum(s.count) AS count, max(s.last_at) AS last_at, (array_agg(s.job_id ORDER BY s.job_id DESC))[1] AS job_id
  FROM taskflow.error_stat s
  WHERE s.span = 0 AND s.tenant_id = $2::integer AND ($3::text IS NULL OR s.fingerprint = $3::text)
  GROUP BY s.fingerprint
),
known AS (
  SELECT g.fingerprint, g.type, g.message, k.name AS task, g.first_at, greatest(g.last_at, f.last_at) AS last_at,
         (g.count + coalesce(f.count, 0))::bigint AS count, greatest(g.job_id, f.job_id) AS job_id, g.resolved_at, g.muted_until,
         g.changed_at, g.changed_by, g.first_release, g.resolved_release,
         CASE WHEN g.resolved_at IS NOT NULL THEN
-- include: occurs_again
         END AS again
  FROM taskflow.error_group g
  JOIN taskflow.task k ON k.id = g.task_id
  LEFT JOIN fresh f ON f.fingerprint = g.fingerprint
  WHERE g.tenant_id = $2::integer AND ($3::text IS NULL OR g.fingerprint = $3::text) AND ($5::text IS NULL OR k.name = $5::text)
    AND ($6::text IS NULL OR strpos(lower((g.type || ' ' || g.message || ' ' || k.name) COLLATE "C"), $6::text) > 0)
),
placed AS (
  SELECT k.*, n.now,
         CASE WHEN k.muted_until > n.now THEN 'muted' WHEN NOT k.again THEN 'resolved' ELSE 'open' END AS state,
         CASE $7::text WHEN 'count' THEN k.count
                       ELSE (extract(epoch FROM CASE $7::text WHEN 'first' THEN k.first_at ELSE k.last_at END) * 1000000)::bigint
         END AS value
  FROM known k, n
),
chosen AS MATERIALIZED (
  SELECT p.* FROM placed p
  WHERE ($4::text IS NULL OR p.state = $4::text)
    AND ($9::bigint IS NULL OR (p.value, p.fingerprint COLLATE "C") < ($9::bigint, $10::text))
  ORDER BY p.value DESC, p.fingerprint COLLATE "C" DESC LIMIT $8::integer
)
SELECT c.fingerprint, c.type, c.message, c.task, c.state, c.first_at, c.last_at, c.count, c.resolved_at, c.muted_until, c.changed_at,
       c.changed_by,
       (SELECT json_agg(json_build_array(b.hour, b.count)) FROM (
          SELECT floor(extract(epoch FROM s.minute - date_trunc('minute', c.now, 'UTC') + interval '1439 minutes') / 3600)::integer AS hour,
                 sum(s.count) AS count
          FROM taskflow.error_stat s
          WHERE s.tenant_id = $2::integer AND s.fingerprint = c.fingerprint
            AND s.minute >= date_trunc('minute', c.now, 'UTC') - interval '1439 minutes'
          GROUP BY 1) b)::text AS trend,
       (SELECT count(*) FROM (SELECT FROM taskflow.outcome o WHERE o.fingerprint = c.fingerprint LIMIT $11::integer) d) AS dead,
       coalesce((SELECT o.job_id FROM taskflow.outcome o WHERE o.fingerprint = c.fingerprint ORDER BY o.job_id DESC LIMIT 1),
                c.job_id) AS job_id,
       (SELECT r.name FROM taskflow.release r
        WHERE r.id = c.first_release AND NOT EXISTS (SELECT FROM taskflow.release o WHERE o.first_at > r.first_at)) AS new_in,
       (SELECT r.name FROM taskflow.release r WHERE r.id = c.resolved_release) AS resolved_release
FROM chosen c
ORDER BY c.value DESC, c.fingerprint COLLATE "C" DESC
