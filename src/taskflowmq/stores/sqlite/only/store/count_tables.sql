-- How many tables of other programs are in the file.
SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'taskflow\_%' ESCAPE '\' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
