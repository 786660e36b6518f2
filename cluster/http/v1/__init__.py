"""The v1 APIs: schedulers, executors and operators over HTTP, translated and never decided here."""
