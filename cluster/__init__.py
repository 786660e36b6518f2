"""A cluster manager: master, agent, allocator, scheduler and executor as actors."""
