-- Adds rows of joined figures by node.
INSERT INTO taskflow.node_stat (span, minute, tenant_id, node, counts)
SELECT $1::integer, x.at, x.tenant_id, x.node, x.counts::json
FROM unnest($2::timestamptz[], $3::integer[], $4::text[], $5::text[]) AS x (at, tenant_id, node, counts)
