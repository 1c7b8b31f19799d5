"""The FastAPI server of the full-stack example: tasks that belong to Better Auth users."""
