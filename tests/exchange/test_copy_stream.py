"""The stream of a drop copy: many readers, and somebody who is told of every message."""

from exchange.copy_stream import CopyStream


def test_every_message_is_announced_after_it_is_there() -> None:
    stream = CopyStream("S")
    assert not stream.exclusive
    assert stream.append(b"one") == 1
    seen: list[int] = []
    stream.on_output = lambda: seen.append(stream.next_sequence)
    assert stream.append(b"two") == 2
    assert seen == [3]
    assert stream.read(1) == [b"one", b"two"]
    stream.close()
