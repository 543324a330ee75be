"""The answers of an index for LlamaIndex: `FootnoteQueryEngine(collection=rag.open("index/notes"))`."""

from dataclasses import asdict

from llama_index.core.base.response.schema import Response
from llama_index.core.query_engine import CustomQueryEngine
from llama_index.core.schema import NodeWithScore, TextNode
from pydantic import ConfigDict

from rag.collection import Collection


class FootnoteQueryEngine(CustomQueryEngine):  # type: ignore[misc]
    """A LlamaIndex query engine; the source nodes are the quotes of the answer, with the fields of their `Citation`.

    The metadata of the response are the answer's outcome and confidence. If the documents do not answer, there is no
    source node.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    collection: Collection
    where: dict[str, str] | None = None

    def custom_query(self, query_str: str) -> Response:
        """Return the answer to a question."""
        answer = self.collection.ask(query_str, where=self.where)
        nodes = [
            NodeWithScore(node=TextNode(text=citation.quote, metadata=asdict(citation)))
            for citation in answer.citations
        ]
        metadata = {"outcome": answer.outcome, "confidence": answer.confidence}
        return Response(response=answer.text, source_nodes=nodes, metadata=metadata)
