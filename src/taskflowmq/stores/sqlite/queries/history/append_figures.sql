-- Appends the figures of one process to a minute; those of queues and tasks that the store does not have are left out.
INSERT INTO taskflow_stat (minute, writer, queue_id, task_id, counts)
SELECT :minute, :writer, q.id, k.id, json_extract(x.value, '$[3]')
FROM json_each(:rows) AS x
CROSS JOIN taskflow_tenant AS t ON t.name = json_extract(x.value, '$[0]')
CROSS JOIN taskflow_queue AS q ON q.tenant_id = t.id AND q.name = json_extract(x.value, '$[1]')
CROSS JOIN taskflow_task AS k ON k.tenant_id = t.id AND k.name = json_extract(x.value, '$[2]')
