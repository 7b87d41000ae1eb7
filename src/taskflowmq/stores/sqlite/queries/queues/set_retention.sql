-- Changes a queue's retention: ages that are given are set, those given as null are as for all queues again.
UPDATE taskflow_queue
SET settings = json_patch(settings, json_object('retention', json(:retention)))
WHERE tenant_id = :tenant_id AND name = :name
