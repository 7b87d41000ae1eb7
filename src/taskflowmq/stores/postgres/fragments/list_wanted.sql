-- Whether a job "j" is one that a list asks for, by what its row says; "names" is that of list_names.
WITH names AS (SELECT 1 AS tenant_id, 1 AS task_id, ARRAY[1] AS lanes)
SELECT j.id FROM taskflow.job j WHERE $1::text[] IS NULL AND $2::uuid IS NULL AND $4::uuid IS NULL AND $10::integer IS NULL
-- begin
AND j.deleted_at IS NULL AND j.tenant_id = (SELECT tenant_id FROM names)
AND ($6::text IS NULL OR j.lane_id = ANY((SELECT lanes FROM names)::integer[]))
AND ($7::text IS NULL OR j.task_id = (SELECT task_id FROM names))
AND ($8::timestamptz IS NULL OR j.created_at >= $8::timestamptz) AND ($9::timestamptz IS NULL OR j.created_at < $9::timestamptz)
AND ($11::text IS NULL OR $11::text = ANY(j.tags))
AND ($15::text IS NULL OR strpos(j.args::text, $15::text) > 0 OR strpos(j.args::text, '\') > 0)
AND ($16::text IS NULL
  OR strpos(lower(j.args::text COLLATE "C"), $16::text) > 0 OR strpos(j.args::text, '\') > 0
  OR strpos(lower(j.meta::text COLLATE "C"), $16::text) > 0 OR strpos(j.meta::text, '\') > 0
  OR strpos(lower(array_to_string(j.tags, ' ') COLLATE "C"), $16::text) > 0
  OR j.task_id IN (SELECT k.id FROM taskflow.task k WHERE strpos(lower(k.name COLLATE "C"), $16::text) > 0)
  OR EXISTS (SELECT FROM taskflow.attempt a WHERE a.job_id = j.id)
  OR (SELECT p.state FROM taskflow.outcome p WHERE p.job_id = j.id) <> 'completed')
-- end
