"""Steps and values to rows: generators that yield requests and are sent the answers; nothing here does I/O."""
