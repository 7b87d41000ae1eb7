-- Writes what a living worker shall do from now on; a repeat keeps since when, and who said so. Nothing replaces a stop.
UPDATE taskflow_worker
SET command = :command,
    command_at = CASE WHEN :command IS NULL THEN NULL WHEN command = :command THEN command_at ELSE :now END,
    command_by = CASE WHEN :command IS NULL THEN NULL WHEN command = :command THEN command_by ELSE :actor END
WHERE id = :id AND ended_at IS NULL AND (command IS NOT 'stop' OR :command = 'stop')
RETURNING id
