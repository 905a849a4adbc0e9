-- Schema 8. A row may have a meaning of each of two embedders; `maker` begins the hash of the fingerprint of whose it is.
DROP INDEX IF EXISTS meanings_near;
ALTER TABLE meanings ADD COLUMN maker TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE meanings SET maker = coalesce((SELECT left(md5(content), 12) FROM meta WHERE name = 'embedder'), '');
ALTER TABLE meanings DROP CONSTRAINT meanings_pkey;
ALTER TABLE meanings ADD PRIMARY KEY (user_id, maker, id);
