-- Lists the releases that were announced first within a time, the newest of them, newest first.
SELECT id, name, first_at, last_at
FROM taskflow_release
WHERE first_at >= :since AND first_at < :until
ORDER BY first_at DESC, id DESC
LIMIT :most
