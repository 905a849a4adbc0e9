-- Schema 5. What the words of a learned memory do, where they hold, what they answer, and what may have replaced it.
ALTER TABLE memories ADD COLUMN act VARCHAR;
ALTER TABLE memories ADD COLUMN reach VARCHAR;
ALTER TABLE memories ADD COLUMN answers VARCHAR;
ALTER TABLE memories ADD COLUMN said_again VARCHAR;
ALTER TABLE memories ADD COLUMN wording VARCHAR;
ALTER TABLE memories ADD COLUMN doubt VARCHAR;
INSERT INTO meta SELECT 'reworded memories', 'yes' WHERE EXISTS (SELECT 1 FROM memories WHERE evidence IS NOT NULL);
