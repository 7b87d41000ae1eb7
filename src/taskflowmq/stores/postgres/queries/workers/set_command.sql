-- Writes what a living worker shall do from now on; a repeat keeps since when, and who said so. Nothing replaces a stop.
UPDATE taskflow.worker
SET command = $3::text,
    command_at = CASE WHEN $3::text IS NULL THEN NULL WHEN command = $3::text THEN command_at
                      ELSE (SELECT coalesce($1::timestamptz, clock_timestamp())) END,
    command_by = CASE WHEN $3::text IS NULL THEN NULL WHEN command = $3::text THEN command_by ELSE $4::text END
WHERE id = $2::uuid AND ended_at IS NULL AND (command IS DISTINCT FROM 'stop' OR $3::text = 'stop')
RETURNING id
