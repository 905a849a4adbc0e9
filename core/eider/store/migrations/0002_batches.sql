-- Schema 2. Jobs that were queued together share a label.
ALTER TABLE jobs ADD COLUMN batch VARCHAR;
