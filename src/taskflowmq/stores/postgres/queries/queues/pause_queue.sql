-- Stops claims from a queue, and stores who and why. A queue that is paused already stays so since then; a reason replaces both.
WITH n AS MATERIALIZED (SELECT coalesce($1::timestamptz, clock_timestamp()) AS at)
UPDATE taskflow.queue
SET paused_at = coalesce(paused_at, n.at),
    settings = (settings::jsonb || jsonb_build_object('pause', jsonb_build_object(
      'at', round(extract(epoch FROM coalesce(paused_at, n.at)) * 1000000)::bigint, 'by', $4::text, 'reason', $5::text)))::json
FROM n
WHERE tenant_id = $3::integer AND name = $2::text AND (paused_at IS NULL OR $5::text IS NOT NULL)
