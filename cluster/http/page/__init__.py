"""What the web page of the master reads beside the API, and the page itself."""
