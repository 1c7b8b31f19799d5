-- Who may do what in the database, on PostgreSQL, once the tables are there. The role that migrates owns them;
-- give these two passwords (ALTER ROLE … PASSWORD …) or another way to prove who they are.

-- The API: tasks, and of those what the row-level policy shows. It cannot read password hashes,
-- sessions or private keys, even with an injected query.
CREATE ROLE api LOGIN;
GRANT USAGE ON SCHEMA public TO api;
GRANT SELECT, INSERT, UPDATE, DELETE ON tasks TO api;
GRANT USAGE ON SEQUENCE tasks_id_seq TO api;
GRANT SELECT ON alembic_version TO api;

-- Better Auth: its own tables, and no task. That a user's tasks go with the user needs no right.
CREATE ROLE better_auth LOGIN;
GRANT USAGE ON SCHEMA public TO better_auth;
GRANT SELECT, INSERT, UPDATE, DELETE ON "user", session, account, verification, jwks TO better_auth;
