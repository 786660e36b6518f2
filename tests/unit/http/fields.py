"""The fields of the reference's tables, by object: name, type, `?` if it may be missing.

Source: reference http-endpoints.md §3 to §6.
"""

from __future__ import annotations

from typing import Any

RES = "cpus:float gpus:float mem:float disk:float"

OBJECTS: dict[str, str] = {
    "state": """
        version:str build_date:str build_user:str build_time:float start_time:float elected_time:float id:str
        pid:str hostname:str capabilities:[str] activated_slaves:float deactivated_slaves:float
        unreachable_slaves:float domain:dict? leader:str leader_info:leader-info cluster:str? log_dir:str?
        external_log_file:str? flags:{str} slaves:[agent] recovered_slaves:[recovered] frameworks:[framework]
        completed_frameworks:[framework] orphan_tasks:[none] unregistered_frameworks:[none] git_sha:str?
        git_branch:str? git_tag:str? tepui_version:str
    """,
    "agent": """
        id:str hostname:str port:int attributes:dict domain:dict? pid:str registered_time:float
        reregistered_time:float? resources:res used_resources:res offered_resources:res
        unreserved_resources:res reserved_resources:{res} active:bool deactivated:bool version:str
        capabilities:[str] drain_info:dict? estimated_drain_start_time_seconds:float?
    """,
    "recovered": "id:str hostname:str port:int attributes:dict domain:dict?",
    "framework": """
        id:str name:str hostname:str webui_url:str user:str pid:str? used_resources:res offered_resources:res
        resources:res capabilities:[str] active:bool connected:bool recovered:bool failover_timeout:float
        checkpoint:bool registered_time:float unregistered_time:float reregistered_time:float? principal:str?
        roles:[str]? role:str? tasks:[task] unreachable_tasks:[task] completed_tasks:[task] offers:[offer]
        executors:[executor] labels:[label]? offer_constraints:dict
    """,
    "offer": "id:str framework_id:str allocation_info:allocation slave_id:str resources:res",
    "executor": """
        executor_id:str name:str framework_id:str command:command resources:res role:str? labels:[label]?
        type:str? slave_id:str
    """,
    "command": "shell:bool? value:str? argv:[str] environment:dict? uris:[uri]",
    "uri": "value:str executable:bool",
    "label": "key:str value:str?",
    "task": """
        id:str name:str framework_id:str executor_id:str slave_id:str state:str resources:res limits:dict?
        role:str statuses:[status] labels:[label]? user:str? discovery:dict? container:dict?
        health_check:dict?
    """,
    "status": "state:str timestamp:float labels:[label]? container_status:container? healthy:bool?",
    "container": "container_id:container-id? network_infos:[network]? cgroup_info:dict?",
    "container-id": "value:str parent:container-id?",
    "network": "groups:[str]? labels:[label]? ip_addresses:[ip-address]? name:str? port_mappings:[dict]?",
    "ip-address": "protocol:str? ip_address:str?",
    "none": "",
    "leader-info": "id:str pid:str port:int hostname:str domain:dict?",
    "allocation": "role:str",
    "weight": "role:str weight:float",
    "pending": "pending:[dict]",
    "process": "id:str events:[dict] kind:str queue_length:int oldest_s:float handled:{int}",
    "res": RES,
    "tasks": "tasks:[task]",
    "frameworks": ("frameworks:[framework] completed_frameworks:[framework] unregistered_frameworks:[none]"),
    "roles": "roles:[role]",
    "role": """
        name:str weight:float quota:quota resources:{float} allocated:{float} offered:{float} reserved:{float}
        frameworks:[str]
    """,
    "quota": "role:str guarantee:{float} limit:{float} consumed:{float}",
    "quota-status": "infos:[dict] configs:[dict]",
    "flags": "flags:{str}",
    "schedule": "windows:[dict]",
    "maintenance": "draining_machines:[dict] down_machines:[dict]",
    "version": """
        version:str build_date:str build_time:float build_user:str git_sha:str? git_branch:str? git_tag:str?
        tepui_version:str
    """,
    "host": """
        avg_load_1min:float avg_load_5min:float avg_load_15min:float cpus_total:int mem_total_bytes:int
        mem_free_bytes:int
    """,
    "file": "path:str nlink:int size:int mtime:float mode:str uid:str gid:str",
    "piece": "offset:int data:str",
    "agent-state": """
        version:str build_date:str build_time:float build_user:str tepui_version:str start_time:float
        id:str pid:str hostname:str capabilities:[str] domain:dict? drain_config:dict?
        estimated_drain_start_time_seconds:int? resources:res reserved_resources:{res}
        unreserved_resources:res reserved_resources_full:{[resource]} unreserved_resources_full:[resource]
        reserved_resources_allocated:{res} unreserved_resources_allocated:res resource_providers:[dict]
        attributes:dict master_hostname:str? log_dir:str? external_log_file:str? flags:{str}
        frameworks:[agent-framework] completed_frameworks:[agent-framework] git_sha:str? git_branch:str?
        git_tag:str?
    """,
    "agent-framework": """
        id:str name:str user:str failover_timeout:float checkpoint:bool hostname:str principal:str?
        roles:[str]? role:str? executors:[agent-executor] completed_executors:[agent-executor]
    """,
    "agent-executor": """
        id:str name:str source:str container:str directory:str resources:res role:str? labels:[label]?
        type:str? tasks:[task] queued_tasks:[queued] completed_tasks:[task]
    """,
    "queued": """
        id:str name:str slave_id:str resources:res role:str command:command? executor_id:str? discovery:dict?
    """,
    "resource": """
        name:str type:str scalar:dict? ranges:dict? set:dict? role:str? reservation:dict? reservations:[dict]?
        disk:dict? revocable:dict? shared:dict? provider_id:dict?
    """,
    "usage": """
        framework_id:str executor_id:str executor_name:str source:str statistics:statistics
    """,
    "container-usage": """
        framework_id:str executor_id:str executor_name:str source:str container_id:str
        status:container-status? statistics:statistics?
    """,
    "container-status": """
        container_id:container-id network_infos:[network] cgroup_info:dict? executor_pid:int?
    """,
    "statistics": """
        timestamp:float cpus_limit:float? cpus_soft_limit:float cpus_user_time_secs:float
        cpus_system_time_secs:float mem_limit_bytes:int mem_soft_limit_bytes:int mem_rss_bytes:int
        processes:int? threads:int?
    """,
}
_COUNTS = " ".join(
    f"TASK_{state}:int"
    for state in (
        "STAGING", "STARTING", "RUNNING", "KILLING", "FINISHED", "KILLED", "FAILED", "LOST", "ERROR",
        "UNREACHABLE",
    )
)  # fmt: skip
OBJECTS["summary-agent"] = f"{OBJECTS['agent']} {_COUNTS} framework_ids:[str]"
OBJECTS["summary-framework"] = f"""
    id:str name:str pid:str? used_resources:res offered_resources:res capabilities:[str] hostname:str
    webui_url:str active:bool connected:bool recovered:bool {_COUNTS} slave_ids:[str]
"""
OBJECTS["summary"] = "hostname:str cluster:str? slaves:[summary-agent] frameworks:[summary-framework]"
OBJECTS["full-agent"] = f"""{OBJECTS["agent"]}
    reserved_resources_full:{{[resource]}} unreserved_resources_full:[resource]
    used_resources_full:[allocated] offered_resources_full:[allocated]
"""
OBJECTS["allocated"] = f"{OBJECTS['resource']} allocation_info:allocation"
OBJECTS["slaves"] = "slaves:[full-agent] recovered_slaves:[recovered]"

_PLAIN = {"str": str, "int": int, "float": float, "bool": bool, "dict": dict}
#: Objects whose further names are free: resources have any name.
_OPEN = {"res"}


def faults(value: Any, kind: str, at: str) -> list[str]:
    """What is wrong with a value that should be of a kind, with paths."""
    if kind.startswith("["):
        if not isinstance(value, list):
            return [f"{at}: expected a list, got {value!r}"]
        return [f for i, each in enumerate(value) for f in faults(each, kind[1:-1], f"{at}[{i}]")]
    if kind.startswith("{"):
        if not isinstance(value, dict):
            return [f"{at}: expected an object, got {value!r}"]
        return [f for name, each in value.items() for f in faults(each, kind[1:-1], f"{at}.{name}")]
    if kind in _PLAIN:
        return [] if type(value) is _PLAIN[kind] else [f"{at}: expected {kind}, got {value!r}"]
    return _object_faults(value, kind, at)


def _object_faults(value: Any, kind: str, at: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{at}: expected {kind}, got {value!r}"]
    found: list[str] = []
    fields = dict(field.split(":", 1) for field in OBJECTS[kind].split())
    for name, of in fields.items():
        if name in value:
            found += faults(value[name], of.removesuffix("?"), f"{at}.{name}")
        elif not of.endswith("?"):
            found.append(f"{at}.{name}: is missing")
    if kind not in _OPEN:
        found += [f"{at}.{name}: is not in the reference" for name in value if name not in fields]
    return found
