"""Opens the chat page: `python ui.py`, the same as `rag ui`."""

from rag.process import quiet_libraries
from rag.settings import Settings
from rag.web.serve import serve_page

if __name__ == "__main__":
    settings = Settings.load()
    quiet_libraries(uses_hub=bool(settings.from_hub))
    serve_page(settings)
