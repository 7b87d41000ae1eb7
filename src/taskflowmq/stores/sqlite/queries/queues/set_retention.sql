-- Changes a queue's retention: ages that are given are set, an age given as null is reset to the store's.
UPDATE taskflow_queue
SET settings = json_patch(settings, json_object('retention', json(:retention)))
WHERE tenant_id = :tenant_id AND name = :name
