-- Roles and privileges on PostgreSQL. Run this after the migrations, whose role owns the tables. Then
-- set passwords for both roles (ALTER ROLE … PASSWORD …) or another authentication method.

-- The API accesses only tasks, restricted by the row-level policy. It cannot read password hashes,
-- sessions or private keys, even with an injected query.
CREATE ROLE api LOGIN;
GRANT USAGE ON SCHEMA public TO api;
GRANT SELECT, INSERT, UPDATE, DELETE ON tasks TO api;
GRANT USAGE ON SEQUENCE tasks_id_seq TO api;
GRANT SELECT ON alembic_version TO api;

-- Better Auth accesses only its own tables. Deleting a user's tasks with the user needs no privilege.
CREATE ROLE better_auth LOGIN;
GRANT USAGE ON SCHEMA public TO better_auth;
GRANT SELECT, INSERT, UPDATE, DELETE ON "user", session, account, verification, jwks TO better_auth;
