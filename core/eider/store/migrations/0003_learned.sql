-- Schema 3. When a loop is given up; what outcomes teach about a user; usage as it was before outcomes changed it.
ALTER TABLE loops ADD COLUMN expires_at TIMESTAMP;
CREATE TABLE learned (
    user_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    version BIGINT NOT NULL,
    content VARCHAR NOT NULL,
    changed_at TIMESTAMP NOT NULL,
    PRIMARY KEY (user_id, name)
);
CREATE TABLE unlearned (
    id VARCHAR PRIMARY KEY,
    user_id VARCHAR NOT NULL,
    stability DOUBLE NOT NULL,
    last_used TIMESTAMP NOT NULL,
    uses INTEGER NOT NULL,
    shown INTEGER NOT NULL
);
