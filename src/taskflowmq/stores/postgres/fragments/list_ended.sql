-- Whether an ended job "o" is one that a list asks for, by the worker of its last attempt and by when it ended.
SELECT o.job_id FROM taskflow.outcome o
WHERE $1::text IS NULL AND $2::text IS NULL AND $3::text IS NULL AND $4::text IS NULL AND $5::text IS NULL AND $6::text IS NULL
  AND $7::text IS NULL AND $8::text IS NULL AND $9::text IS NULL AND $10::text IS NULL AND $11::text IS NULL
-- begin
AND ($12::uuid IS NULL OR o.worker_id = $12::uuid)
AND ($13::timestamptz IS NULL OR o.finished_at >= $13::timestamptz) AND ($14::timestamptz IS NULL OR o.finished_at < $14::timestamptz)
-- end
