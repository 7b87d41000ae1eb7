-- Reads one stretch of cancelled or dead jobs behind $4 that can be past retention (a job ends after its id was made).
-- Returns those that are, how many were read, and the last of them. Days from $6 on are left to retire_day.
-- Bounds and order name the state as well, so that no plan walks through completed jobs for them.
WITH n AS MATERIALIZED (
  SELECT (SELECT coalesce($1::timestamptz, clock_timestamp())) - $3::bigint * interval '1 millisecond' AS since
),
seen AS MATERIALIZED (
  SELECT job_id, finished_at FROM taskflow.outcome
  WHERE state <> 'completed' AND (state, job_id) > ($2::text, $4::uuid) AND (state, job_id) < ($2::text, (
    SELECT taskflow.lowest_id(least(since + interval '1 millisecond', $6::date::timestamp AT TIME ZONE 'UTC')) FROM n))
  ORDER BY state, job_id LIMIT $5::integer
)
SELECT ARRAY(SELECT job_id FROM seen WHERE finished_at <= (SELECT since FROM n) ORDER BY job_id) AS due,
       (SELECT count(*) FROM seen) AS looked, (SELECT job_id FROM seen ORDER BY job_id DESC LIMIT 1) AS last
