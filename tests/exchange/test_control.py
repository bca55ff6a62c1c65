"""The operator's port: lines of JSON, one answer each, whatever comes in."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.commands import CommandError
from exchange.control import ControlServer, send_command


def run(request: dict[str, Any]) -> dict[str, Any]:
    if request["do"] != "status":
        raise CommandError(f"unknown command {request['do']!r}")
    return {"ok": True, "request": request}


def test_a_command_is_answered_with_its_result() -> None:
    assert ControlServer(run).answer(b'{"do": "status"}\n') == {"ok": True, "request": {"do": "status"}}


def test_a_refused_command_says_why() -> None:
    assert ControlServer(run).answer(b'{"do": "dance"}') == {"ok": False, "error": "unknown command 'dance'"}


@pytest.mark.parametrize("line", [b"[]", b"1", b"null", b'"status"', b"{}", b'{"do": 1}'])
def test_what_is_json_but_no_command_is_named(line: bytes) -> None:
    answer = ControlServer(run).answer(line)
    assert not answer["ok"]
    assert line.decode() in answer["error"]


@given(st.binary(max_size=200))
def test_no_bytes_break_it(line: bytes) -> None:
    assert not ControlServer(run).answer(line)["ok"]


def test_over_tcp_commands_of_one_connection_are_answered_in_order() -> None:
    async def scenario() -> list[Any]:
        server = ControlServer(run)
        port = await server.listen(0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b'{"do": "status", "n": 1}\n{"do": "dance"}\nrubbish\n')
        answers = [json.loads(await reader.readline()) for _ in range(3)]
        answers.append(await asyncio.to_thread(send_command, port, {"do": "status"}))
        writer.close()
        await server.close()
        return answers

    first, second, third, fourth = asyncio.run(scenario())
    assert first["request"] == {"do": "status", "n": 1}
    assert (second["ok"], third["ok"], fourth["ok"]) == (False, False, True)


def test_a_line_that_does_not_end_costs_its_connection_only() -> None:
    async def scenario() -> tuple[bytes, bool]:
        server = ControlServer(run)
        port = await server.listen(0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"x" * 10_000)
        rest = await reader.read()
        answer = await asyncio.to_thread(send_command, port, {"do": "status"})
        writer.close()
        await server.close()
        return rest, answer["ok"]

    rest, ok = asyncio.run(scenario())
    assert (rest, ok) == (b"", True)


def test_the_caller_is_told_what_the_exchange_refused() -> None:
    async def scenario() -> None:
        server = ControlServer(run)
        port = await server.listen(0)
        try:
            with pytest.raises(CommandError, match="unknown command 'dance'"):
                await asyncio.to_thread(send_command, port, {"do": "dance"})
        finally:
            await server.close()

    asyncio.run(scenario())


def test_nobody_at_the_port_is_an_os_error() -> None:
    async def free() -> int:
        server = ControlServer(run)
        port = await server.listen(0)
        await server.close()
        return port

    with pytest.raises(ConnectionRefusedError):
        send_command(asyncio.run(free()), {"do": "status"})
