-- Lists the schemas of this session's path in which another role than the owner may create: with objects of its own
-- there it could act as us (CVE-2018-1058). Superusers are left out.
SELECT n.nspname::text AS schema
FROM unnest(current_schemas(false)) AS p (schema)
JOIN pg_namespace n ON n.nspname = p.schema
CROSS JOIN LATERAL aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) AS a
LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner AND r.rolname IS DISTINCT FROM current_user::name
  AND NOT coalesce(r.rolsuper, false)
GROUP BY n.nspname
ORDER BY n.nspname
