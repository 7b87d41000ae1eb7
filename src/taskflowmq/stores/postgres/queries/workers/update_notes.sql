-- Merges notes into the info of a living worker; a note that is null is removed.
UPDATE taskflow.worker AS w
SET info = (w.info::jsonb || jsonb_build_object(
             'notes',
             jsonb_strip_nulls(coalesce(w.info::jsonb -> 'notes', '{}') || convert_from($2::bytea, 'UTF8')::jsonb)
           ))::json
WHERE w.id = $1::uuid AND w.ended_at IS NULL
