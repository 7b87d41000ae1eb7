-- Reads what a filter decides by of the jobs of a tenant that exist among the ids, in id order: of their JSON, what it reads.
SELECT j.id, k.name AS task, u.name AS queue, l.priority, p.state, p.attempt, j.created_at, coalesce(p.due_at, j.run_at) AS run_at,
       p.started_at, p.finished_at, p.worker_id, j.tags,
       CASE WHEN $3::boolean THEN convert_to(j.args::text, 'UTF8') END AS args,
       CASE WHEN $4::boolean THEN convert_to(j.meta::text, 'UTF8') END AS meta,
       CASE WHEN $5::boolean THEN convert_to(coalesce(p.error, e.error)::text, 'UTF8') END AS error, p.fingerprint
FROM unnest($2::uuid[]) AS x (id)
CROSS JOIN LATERAL (SELECT * FROM taskflow.job j WHERE j.id = x.id AND j.deleted_at IS NULL OFFSET 0) j
-- include: view_joins
WHERE t.name = $1::text
ORDER BY j.id
