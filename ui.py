"""Opens the chat page: `python ui.py`, the same as `rag ui`."""

from rag.settings import Settings
from rag.web.serve import serve_page

if __name__ == "__main__":
    serve_page(Settings.load())
