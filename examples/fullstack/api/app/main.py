"""The app for servers that want its name, as in `uvicorn app.main:app`."""

from app.factory import create_app
from app.settings import load_settings

app = create_app(load_settings())
