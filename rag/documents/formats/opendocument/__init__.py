"""The reader of OpenDocument files: texts, workbooks, presentations."""
