-- Lists ended workers and whether they still hold running jobs, except those that are known to hold none ($1): below a
-- held snapshot, the scan of a worker's rows reads every row that it ever ran. LIMIT: an EXISTS may be hashed, which
-- reads the rows of all workers.
SELECT w.id, (SELECT true FROM taskflow.running r WHERE r.worker_id = w.id LIMIT 1) IS NOT NULL AS holds
FROM taskflow.worker w
WHERE w.ended_at IS NOT NULL AND w.id <> ALL($1::uuid[])
ORDER BY w.id
