-- Reads one stretch of ended jobs behind $4 that can be past retention, where queues differ. Returns those of one state
-- that are and belong to the lanes $7 (or, if $8 is false, to none of them), how many were read, and the last of them.
-- Days from $6 on are left to retire_day.
WITH n AS MATERIALIZED (
  SELECT (SELECT coalesce($1::timestamptz, clock_timestamp())) - $3::bigint * interval '1 millisecond' AS since
),
seen AS MATERIALIZED (
  SELECT job_id, state, finished_at FROM taskflow.outcome
  WHERE job_id > $4::uuid
    AND job_id < (SELECT taskflow.lowest_id(least(since + interval '1 millisecond', $6::date::timestamp AT TIME ZONE 'UTC')) FROM n)
  ORDER BY job_id LIMIT $5::integer
)
SELECT ARRAY(SELECT s.job_id FROM seen s
             CROSS JOIN LATERAL (SELECT j.lane_id FROM taskflow.job j WHERE j.id = s.job_id OFFSET 0) j
             WHERE s.state = $2::text AND s.finished_at <= (SELECT since FROM n)
               AND (j.lane_id = ANY($7::integer[])) = $8::boolean ORDER BY s.job_id) AS due,
       (SELECT count(*) FROM seen) AS looked, (SELECT job_id FROM seen ORDER BY job_id DESC LIMIT 1) AS last
