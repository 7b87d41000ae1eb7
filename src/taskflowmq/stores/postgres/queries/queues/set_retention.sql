-- Changes a queue's retention: ages that are given are set, an age given as null is reset to the store's.
UPDATE taskflow.queue
SET settings = (settings::jsonb || jsonb_build_object('retention', jsonb_strip_nulls(
      coalesce(settings::jsonb -> 'retention', '{}'::jsonb) || $2::text::jsonb)))::json
WHERE tenant_id = $3::integer AND name = $1::text
