"""The errors that Footnote raises on purpose; each says in one line what failed and what to do."""


class RagError(Exception):
    """Base of every error with a message for the user."""


class SettingsError(RagError):
    """A setting is unknown, of the wrong type or out of range."""


class DocumentError(RagError):
    """A document cannot be read."""


class PassedOverError(DocumentError):
    """A file is not meant to be indexed unless the user names it; `why` has the reason, such as "as a photo"."""

    def __init__(self, message: str, why: str) -> None:
        super().__init__(message)
        self.why = why


class ModelError(RagError):
    """A model is unknown, missing or damaged, or cannot be downloaded or loaded."""


class StoreError(RagError):
    """An index does not exist, is damaged, or was made with another embedder."""


class PromptError(RagError):
    """A prompt file is missing or has a missing or unknown placeholder."""


class QuestionError(RagError):
    """A question is empty or too long for the LLM's context."""


class DatasetError(RagError):
    """A data set of the evaluation, or a report, cannot be used."""
