"""Tokens in, tokens out: opens the LLM that the settings name."""

from rag.llm.base import LLM
from rag.models import locate_model
from rag.settings import NO_LLM, OPENAI, Settings


def open_llm(settings: Settings) -> LLM | None:
    """Return the LLM that the settings name, or None; raises ModelError if it is missing or cannot be loaded."""
    if settings.llm == NO_LLM:
        return None
    if settings.llm.startswith(OPENAI):
        from rag.llm.server import ServerLLM

        return ServerLLM(settings.llm, context=settings.context, at_once=settings.llm_requests)
    from rag.llm.llama import LlamaCpp

    return LlamaCpp(
        settings.llm,
        locate_model(settings.llm, kind="llm", home=settings.home),
        context=settings.context,
        cache=settings.home,
        threads=settings.threads,
        gpu_layers=settings.gpu_layers,
    )
