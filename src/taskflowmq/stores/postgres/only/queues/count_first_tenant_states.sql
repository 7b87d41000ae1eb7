-- Counts jobs of the first tenant ($2) per lane and state, at most $1 of each place, as count_tenant_states does for
-- others. It has no index, because a store with one tenant would pay for it: ended jobs are scanned until there are
-- enough.
WITH all_ended AS MATERIALIZED (
  SELECT count(*) AS jobs FROM (
    SELECT FROM taskflow.outcome o
    CROSS JOIN LATERAL (SELECT j.tenant_id FROM taskflow.job j WHERE j.id = o.job_id OFFSET 0) j
    WHERE j.tenant_id = $2::integer LIMIT 3 * $1::bigint) o
),
-- include: tenant_states
