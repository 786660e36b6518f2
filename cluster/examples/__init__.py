"""Small real frameworks, on the API that every user has."""
