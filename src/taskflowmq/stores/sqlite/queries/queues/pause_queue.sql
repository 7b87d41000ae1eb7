-- Stops claims from a queue, and stores who and why. A queue that is paused already stays so since then; a reason replaces both.
UPDATE taskflow_queue
SET paused_at = coalesce(paused_at, :now),
    settings = json_set(settings, '$.pause', json_object('at', coalesce(paused_at, :now), 'by', :actor, 'reason', :reason))
WHERE tenant_id = :tenant_id AND name = :name AND (paused_at IS NULL OR :reason IS NOT NULL)
