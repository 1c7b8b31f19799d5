"""Two users' rows in one database, and every way of SQLAlchemy and SQLModel to read, change and
link them. The results of a session are compared with a database that contains its user's rows only.
"""
