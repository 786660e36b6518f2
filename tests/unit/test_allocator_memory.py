"""What refusals cost in memory: millions of them must fit."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
AGENTS, FRAMEWORKS = 5_000, 100
#: 2 GB for 50,000 agents, 1,000 frameworks and the 5,000,000 filters of a tenth of all pairs.
BYTES_PER_FILTER = 400

PROGRAM = """
import gc, sys, psutil
from cluster.allocator import ALL, AllocatorState, RandomDraws, allocate
from cluster.model import AgentCapability, AgentInfo, Resources
from actors import Rng

agents, frameworks = map(int, sys.argv[1:])
state, draws = AllocatorState(), RandomDraws(Rng(1))
resident = psutil.Process().memory_info
for number in range(agents):
    total = Resources.parse("cpus:24;mem:4096;disk:4096;ports:[31000-32000]")
    state.add_agent(f"agent-{number}", AgentInfo(hostname=f"host{number}"), total,
                    capabilities=AgentCapability.Type)
for number in range(frameworks):
    state.add_framework(f"framework-{number}", ["*"])


def everybody_is_offered_and_refuses(refuse_s):
    result = allocate(state, ALL, 0.0, draws)
    state.apply(result)
    assert len(result.grants) == agents
    for grant in result.grants:
        state.recover(grant.framework, grant.agent, grant.bundle.allocated("*"), now_s=0.0, refuse_s=refuse_s)


everybody_is_offered_and_refuses(None)
gc.collect()
before = resident().rss
for _ in range(frameworks // 10):
    everybody_is_offered_and_refuses(1e6)
gc.collect()
filters = sum(seat.filters for each in state.frameworks.values() for seat in each.seats.values())
print(filters, resident().rss - before)
"""


def test_filters_of_a_tenth_of_all_pairs_take_a_bounded_amount_of_memory() -> None:
    command = [sys.executable, "-c", PROGRAM, str(AGENTS), str(FRAMEWORKS)]
    filters, grown = map(int, subprocess.check_output(command, cwd=ROOT, text=True).split())
    assert filters == AGENTS * FRAMEWORKS // 10
    print(f"{grown / filters:.0f} bytes per filter")
    assert 0 < grown < filters * BYTES_PER_FILTER
