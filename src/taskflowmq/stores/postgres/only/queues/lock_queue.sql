-- Reads what operators change of a queue, and keeps others from changing it until this transaction has.
SELECT q.paused_at, (q.settings -> 'pause')::text AS pause, (q.settings -> 'retention')::text AS retention
FROM taskflow.queue q
WHERE q.tenant_id = $1::integer AND q.name = $2::text
FOR UPDATE
