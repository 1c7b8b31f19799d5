"""The app for servers that import it, as in `uvicorn app.main:app`."""

from app.factory import create_app
from app.identity import settings

app = create_app(settings)
