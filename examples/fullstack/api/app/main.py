"""The app for servers that want its name, as in `uvicorn app.main:app`."""

from app.factory import create_app
from app.identity import settings

app = create_app(settings)
