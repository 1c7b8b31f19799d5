"""Two users' rows in one database, and every way of SQLAlchemy and SQLModel to read, change and
link them. What a session answers is compared with a database that holds the rows of its user alone.
"""
