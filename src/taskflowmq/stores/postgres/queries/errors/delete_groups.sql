-- Deletes groups of errors of a tenant by their fingerprints.
DELETE FROM taskflow.error_group WHERE tenant_id = $1::integer AND fingerprint = ANY($2::text[])
