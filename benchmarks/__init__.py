"""Programs that measure answers, search, speed and memory, and our own questions for them."""
