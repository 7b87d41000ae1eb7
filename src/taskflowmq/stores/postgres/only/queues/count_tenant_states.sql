-- Counts jobs of a tenant ($2) per lane and state, at most $1 of each place, as count_states does of all. Its ended jobs are found
-- through the index of jobs by tenant, which leaves out the first one: that has count_first_tenant_states.
WITH mine AS MATERIALIZED (
  SELECT l.id FROM taskflow.queue q JOIN taskflow.lane l ON l.queue_id = q.id WHERE q.tenant_id = $2::integer
),
ended AS MATERIALIZED (
  SELECT (SELECT count(*) FROM (
            SELECT FROM taskflow.job j CROSS JOIN LATERAL (SELECT FROM taskflow.outcome o WHERE o.job_id = j.id OFFSET 0) o
            WHERE j.tenant_id > 1 AND j.tenant_id = $2::integer LIMIT 3 * $1::bigint) j) AS jobs,
         (SELECT count(*) FROM (
            SELECT FROM taskflow.outcome o
            CROSS JOIN LATERAL (SELECT j.tenant_id FROM taskflow.job j WHERE j.id = o.job_id OFFSET 0) j
            WHERE o.state <> 'completed' AND o.state = 'cancelled' AND j.tenant_id = $2::integer LIMIT $1::bigint) o) AS cancelled,
         (SELECT count(*) FROM (
            SELECT FROM taskflow.outcome o
            CROSS JOIN LATERAL (SELECT j.tenant_id FROM taskflow.job j WHERE j.id = o.job_id OFFSET 0) j
            WHERE o.state <> 'completed' AND o.state = 'dead' AND j.tenant_id = $2::integer LIMIT $1::bigint) o) AS dead
)
-- include: tenant_states
