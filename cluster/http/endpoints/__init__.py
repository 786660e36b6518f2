"""The endpoints without a version, as tools of old read them: pictures of master and agent."""
