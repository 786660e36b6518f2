"""The rules of the command line and the environment, on a small table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from cluster.config.command_line import Exit, parse
from cluster.config.kinds import (
    BOOLEAN,
    BYTES,
    DURATION,
    JSON,
    PATH,
    STRING_MAP,
    TEXT,
    WEIGHTS,
    WHOLE,
    choice,
)
from cluster.config.options import Options, Program, flag, flags_of, later, option, positional


@dataclass(frozen=True, kw_only=True)
class Table(Options):
    port: int = option(80, WHOLE, "Port.")
    ping_timeout_s: float = option(15.0, DURATION, "Ping.", aliases=("old_ping_timeout",))
    size_bytes: int = option(2**20, BYTES, "Size.")
    host: str | None = option(None, TEXT, "Host.")
    look_up: bool = option(True, BOOLEAN, "Look up.")
    quiet: bool = option(False, BOOLEAN, "Quiet.")
    rules: str | None = option(None, JSON, "Rules.")
    env: tuple[tuple[str, str], ...] | None = option(None, STRING_MAP, "Environment.")
    weights: tuple[tuple[str, float], ...] | None = option(None, WEIGHTS, "Weights.")
    level: str = option("low", choice("low", "high"), "Level.", only=("low",))
    zk: str | None = later(None, TEXT, "ZooKeeper.")
    strict: bool = later(False, BOOLEAN, "Strict.")
    create: bool = later(True, BOOLEAN, "Create.")
    wait_s: float = later(60.0, DURATION, "Wait.")


@dataclass(frozen=True, kw_only=True)
class Runner(Options):
    commands: str = field(metadata=positional("COMMANDS", PATH, "Commands."))
    master: str = field(metadata=flag(TEXT, "Master."))
    name: str = option("x", TEXT, "Name.")
    quiet: bool = option(False, BOOLEAN, "Quiet.")


def no_faults(config: Options) -> list[str]:
    return []


PROGRAM = Program("prog", Table, no_faults, reads_environment=True)
RUNNER = Program("runner", Runner, no_faults, reads_environment=False)
FILES = {"/port": "81\n", "/rules": '{"a": 1}\n', "/env": '{"A": "1"}', "/rest": "x\n\n"}


def read_file(path: str) -> str:
    if path == "/binary":
        return b"\xff".decode()
    if path not in FILES:
        raise FileNotFoundError(2, "No such file or directory", path)
    return FILES[path]


def run(*argv: str, **environ: str) -> Table | Exit:
    return parse(PROGRAM, argv, environ=environ, read_file=read_file, version="1.2.3")


def good(*argv: str, **environ: str) -> Table:
    outcome = run(*argv, **environ)
    assert isinstance(outcome, Table), outcome
    return outcome


def faults(outcome: Options | Exit, program: str = "prog") -> list[str]:
    assert isinstance(outcome, Exit)
    assert (outcome.code, outcome.stdout_text) == (1, "")
    *lines, empty, hint, end = outcome.stderr_text.split("\n")
    assert (empty, hint, end) == ("", f"See `{program} --help` for the flags.", "")
    return lines


def test_defaults_need_nothing() -> None:
    assert good() == Table()


def test_values_are_read_by_kind() -> None:
    config = good("--port=81", "--ping_timeout=2mins", "--size=4KB", "--host=a=b", "--weights=a=2,b=0.5")
    assert config == Table(
        port=81, ping_timeout_s=120.0, size_bytes=4096, host="a=b", weights=(("a", 2.0), ("b", 0.5))
    )


@pytest.mark.parametrize(
    "argument", ["--ping_timeout", "--ping-timeout", "--Ping_Timeout", "--old-ping_TIMEOUT"]
)
def test_names_take_either_dash_any_case_and_aliases(argument: str) -> None:
    assert good(f"{argument}=1secs").ping_timeout_s == 1.0


@pytest.mark.parametrize(
    ("argument", "look_up"),
    [
        ("--look_up", True),
        ("--no-look_up", False),
        ("--no_look-up", False),
        ("--look-up=false", False),
        ("--look_up=0", False),
        ("--look_up=TRUE", True),
    ],
)
def test_booleans(argument: str, look_up: bool) -> None:
    assert good(argument).look_up is look_up


@pytest.mark.parametrize(
    ("argv", "lines"),
    [
        (["--prot=1"], ["unknown flag --prot: did you mean --port?"]),
        (["--old_ping_timeot=1secs"], ["unknown flag --old_ping_timeot: did you mean --ping_timeout?"]),
        (["--no-quite"], ["unknown flag --no-quite: did you mean --no-quiet?"]),
        (["--xyzzy"], ["unknown flag --xyzzy"]),
        (["--=1"], ["unknown flag --"]),
        (["--a\nb"], ["unknown flag --a\\nb"]),
        (["-q"], ["unknown flag '-q': flags start with two dashes"]),
        (["--port=x"], ["--port: 'x' is not a whole number"]),
        (["--Port="], ["--Port: '' is not a whole number"]),
        (["--port"], ["--port has no value: write --port=VALUE"]),
        (["--port", "--quiet"], ["--port has no value: write --port=VALUE"]),
        (["--port", "--"], ["--port has no value: write --port=VALUE"]),
        (["--port", "81"], ["--port has no value: write --port=81"]),
        (["--host", "a b"], ["--host has no value: write --host='a b'"]),
        (["--host", "a\nb"], ["--host has no value: write --host=VALUE"]),
        (["--quiet", "true"], ["stray argument 'true': write --quiet=true"]),
        (["--quiet", "maybe"], ["stray argument 'maybe': write flags as --name=value"]),
        (["--no-quiet", "true"], ["stray argument 'true': write flags as --name=value"]),
        (["81"], ["stray argument '81': write flags as --name=value"]),
        (["-"], ["stray argument '-': write flags as --name=value"]),
        (["--", "--port=81"], ["stray argument '--port=81': write flags as --name=value"]),
        (["--no-port"], ["--no-port is not a flag: --port is not true or false"]),
        (["--no-quiet=true"], ["--no-quiet takes no value: write --no-quiet alone"]),
        (["--quiet=maybe"], ["--quiet: 'maybe' is not true or false"]),
        (["--port=1", "--port=1"], ["--port is given twice"]),
        (["--quiet", "--no-quiet"], ["--quiet is given twice (as --quiet and as --no-quiet)"]),
        (
            ["--ping_timeout=1secs", "--old_ping_timeout=1secs"],
            ["--ping_timeout is given twice (as --ping_timeout and as --old_ping_timeout)"],
        ),
        (["--level=medium"], ["--level: 'medium' is not one of low, high"]),
        (["--weights=a"], ["--weights: 'a' is not a weight: write role=number"]),
        (["--weights=a=0"], ["--weights: 'a=0' is not a weight: it must be above zero"]),
        (["--weights=a=1,a=2"], ["--weights: role 'a' has two weights"]),
        (["--rules={"], ["--rules: '{' is not JSON: Expecting property name enclosed in double quotes at "
                         "line 1 column 2"]),
        (["--env=[]"], ["--env: '[]' is not a JSON map of texts: write {\"NAME\": \"value\"}"]),
        (["--port=x", "--prot", "81"], [
            "unknown flag --prot: did you mean --port?",
            "stray argument '81': write flags as --name=value",
            "--port: 'x' is not a whole number",
        ]),
    ],
)  # fmt: skip
def test_faults_are_told_one_a_line(argv: list[str], lines: list[str]) -> None:
    assert faults(run(*argv)) == lines


def test_nesting_without_end_is_a_fault() -> None:
    assert "is not JSON" in faults(run("--rules=" + "[" * 200_000))[0]
    assert faults(run("--rules=" + "9" * 5000))[0].endswith("is not JSON: a number is too long")


@pytest.mark.parametrize(
    ("argument", "line"),
    [
        ("--zk=zk://a", "--zk is not supported yet"),
        ("--zk=", "--zk is not supported yet"),
        ("--strict", "--strict is not supported yet"),
        ("--strict=true", "--strict is not supported yet"),
        ("--no-create", "--no-create is not supported yet"),
        ("--create=false", "--create=false is not supported yet"),
        ("--wait=5secs", "--wait=5secs is not supported yet (only 1mins)"),
        ("--level=high", "--level=high is not supported yet (only low)"),
        ("--wait=x", "--wait: 'x' is not a duration: write a number and one of ns, us, ms, secs, mins, hrs, "
                     "days, weeks, as in 15secs"),
    ],
)  # fmt: skip
def test_what_does_not_exist_yet_is_refused(argument: str, line: str) -> None:
    assert faults(run(argument)) == [line]


@pytest.mark.parametrize(
    "argument", ["--no-strict", "--strict=false", "--create", "--wait=60secs", "--level=low"]
)
def test_what_does_not_exist_yet_is_accepted_at_its_default(argument: str) -> None:
    assert good(argument) == Table()


def test_environment_fills_what_the_command_line_leaves_open() -> None:
    assert good(MESOS_PORT="81").port == 81
    assert good("--port=82", MESOS_PORT="81").port == 82
    assert good("--port=82", MESOS_PORT="x").port == 82
    assert good(MESOS_OLD_PING_TIMEOUT="1secs").ping_timeout_s == 1.0
    assert good("--old_ping_timeout=2secs", MESOS_PING_TIMEOUT="1secs").ping_timeout_s == 2.0


def test_unknown_variables_are_ignored() -> None:
    assert (
        good(MESOS_XYZZY="1", MESOS_VERSION="1.11.0", MESOS_HELP="x", mesos_port="81", PORT="81") == Table()
    )


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({"MESOS_PORT": "x"}, "MESOS_PORT: 'x' is not a whole number"),
        ({"MESOS_ZK": "zk://a"}, "MESOS_ZK is not supported yet"),
        ({"MESOS_CREATE": "0"}, "MESOS_CREATE=false is not supported yet"),
        (
            {"MESOS_PING_TIMEOUT": "1secs", "MESOS_OLD_PING_TIMEOUT": "1secs"},
            "MESOS_PING_TIMEOUT is given twice (as MESOS_PING_TIMEOUT and as MESOS_OLD_PING_TIMEOUT)",
        ),
    ],
)
def test_faults_name_the_variable(environ: Mapping[str, str], line: str) -> None:
    assert faults(run(**environ)) == [line]


def test_values_come_from_files() -> None:
    config = good("--port=file:///port", "--rules=/rules", "--env=/env", "--host=/rest")
    assert (config.port, config.rules, config.env) == (81, '{"a": 1}', (("A", "1"),))
    assert config.host == "/rest"
    assert good("--host=file:///rest").host == "x"
    assert good(MESOS_PORT="file:///port").port == 81


@pytest.mark.parametrize(
    ("argument", "line"),
    [
        ("--port=file:///gone", "--port: cannot read '/gone': No such file or directory"),
        ("--rules=/gone", "--rules: cannot read '/gone': No such file or directory"),
        ("--host=file:///binary", "--host: cannot read '/binary': it is not text in UTF-8"),
        ("--host=file://port", "--host: 'file://port' is not an absolute path: write file:///path"),
    ],
)
def test_unreadable_files_are_faults(argument: str, line: str) -> None:
    assert faults(run(argument)) == [line]


def test_help_and_version_come_before_faults() -> None:
    outcome = run("--port=x", "--help", "stray")
    assert isinstance(outcome, Exit)
    assert outcome.code == 0
    assert outcome.stdout_text.startswith("Usage: prog [options]\n\n")
    assert outcome.stderr_text == ""
    assert run("--version", "--xyzzy") == Exit(0, stdout_text="mesos 1.2.3\n")
    assert good("--help=false", "--no-version") == Table()


def test_check_has_the_last_word() -> None:
    strict = Program("prog", Table, lambda config: [f"port {config.port} is ugly"], reads_environment=True)
    outcome = parse(strict, ["--port=81"], environ={}, read_file=read_file, version="")
    assert faults(outcome) == ["port 81 is ugly"]


def run_runner(*argv: str) -> Runner | Exit:
    environ = {"MESOS_MASTER": "from-environment", "MESOS_NAME": "from-environment"}
    return parse(RUNNER, argv, environ=environ, read_file=read_file, version="")


@pytest.mark.parametrize(
    "argv",
    [
        ["-", "--master=a"],
        ["--master=a", "-"],
        ["--master=a", "--", "-"],
    ],
)
def test_positionals(argv: list[str]) -> None:
    assert run_runner(*argv) == Runner(commands="-", master="a")


def test_positionals_after_the_end_of_options_may_look_like_flags() -> None:
    assert run_runner("--master=a", "--", "--x") == Runner(commands="--x", master="a")


def test_positional_after_a_boolean_is_not_its_value() -> None:
    assert run_runner("--master=a", "--quiet", "cmds") == Runner(commands="cmds", master="a", quiet=True)


@pytest.mark.parametrize(
    ("argv", "lines"),
    [
        ([], ["--master is required", "COMMANDS is missing"]),
        (["--master=a"], ["COMMANDS is missing"]),
        (["--master=a", ""], ["COMMANDS: '' is not a path"]),
        (["--master=a", "x", "y"], ["stray argument 'y': write flags as --name=value"]),
        (["--master", "a", "x"], ["--master has no value: write --master=a"]),
        (["--master", "--", "x"], ["--master has no value: write --master=VALUE"]),
        (["--master=a", "--name", "n", "x"], ["--name has no value: write --name=n"]),
    ],
)
def test_faults_around_positionals(argv: list[str], lines: list[str]) -> None:
    assert faults(run_runner(*argv), "runner") == lines


def test_flags_print_what_is_in_effect() -> None:
    config = good("--ping_timeout=60secs", "--size=2048B", '--env={"A":"1"}', "--weights=a=2")
    assert flags_of(config) == {
        "create": "true",
        "env": '{"A": "1"}',
        "help": "false",
        "level": "low",
        "look_up": "true",
        "ping_timeout": "1mins",
        "port": "80",
        "quiet": "false",
        "size": "2KB",
        "strict": "false",
        "version": "false",
        "wait": "1mins",
        "weights": "a=2",
    }
