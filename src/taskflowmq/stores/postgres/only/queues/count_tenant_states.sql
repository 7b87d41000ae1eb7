-- Counts jobs of a tenant ($2) per lane and state, at most $1 of each place, as count_states does of all. Its ended jobs are found
-- through the index of jobs by tenant, which leaves out the first one: that has count_first_tenant_states.
WITH all_ended AS MATERIALIZED (
  SELECT count(*) AS jobs FROM (
    SELECT FROM taskflow.job j CROSS JOIN LATERAL (SELECT FROM taskflow.outcome o WHERE o.job_id = j.id OFFSET 0) o
    WHERE j.tenant_id > 1 AND j.tenant_id = $2::integer LIMIT 3 * $1::bigint) j
),
-- include: tenant_states
