-- Adds rows of joined figures by node.
INSERT INTO taskflow_node_stat (span, minute, tenant_id, node, counts)
SELECT :span, json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'), json_extract(value, '$[3]')
FROM json_each(:rows)
