-- Tells whether ready jobs wait that must run alone.
SELECT EXISTS (SELECT FROM taskflow.ready WHERE crashes > 0) AS found
