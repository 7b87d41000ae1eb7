-- Deletes the counts of groups of a tenant by their fingerprints.
DELETE FROM taskflow.error_stat WHERE tenant_id = $1::integer AND fingerprint = ANY($2::text[])
