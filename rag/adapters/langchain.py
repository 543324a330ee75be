"""The passages of an index for LangChain: `FootnoteRetriever(collection=rag.open("index/notes"))`."""

from dataclasses import asdict

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from rag.collection import Collection


class FootnoteRetriever(BaseRetriever):  # type: ignore[misc]
    """A LangChain retriever; the metadata of a document are the fields of its `Chunk`, and the `score`."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    collection: Collection
    where: dict[str, str] | None = None
    k: int | None = None

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        hits = self.collection.search(query, where=self.where, k=self.k)
        return [
            Document(page_content=hit.chunk.text, metadata=asdict(hit.chunk) | {"score": hit.relevance}) for hit in hits
        ]
