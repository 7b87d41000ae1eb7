-- Writes every other decided transition (retry, back to ready, dead, cancelled, and so on) and returns the ids that matched.
SELECT taskflow.settle_many($1::text::json, $2::timestamptz) AS job_id
