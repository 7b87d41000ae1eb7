-- Merges notes into the info of a living worker; a note that is null is removed.
UPDATE taskflow_worker SET info = json_patch(info, json_object('notes', json(:notes)))
WHERE id = :id AND ended_at IS NULL
