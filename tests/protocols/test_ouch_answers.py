"""An order that is taken as it was entered."""

from protocols import ouch50
from protocols.ouch_answers import accepted

ORDER = ouch50.EnterOrder(
    user_ref_num=7,
    side="T",
    quantity=300,
    symbol="AAPL",
    price=2_895_000,
    time_in_force="3",
    display="N",
    capacity="A",
    inter_market_sweep_eligibility="Y",
    cross_type="N",
    cl_ord_id="X1",
)


def test_every_value_that_was_asked_for_is_in_the_answer() -> None:
    answer = accepted(ORDER, 12, 99, [ouch50.Option(2, "HFTX")])
    assert ouch50.decode_outbound(answer.encode()) == answer
    asked, answered = ({field.name for field in message.FIELDS} for message in (ORDER, answer))
    shared = asked & answered
    assert len(shared) == 11
    assert {name for name in shared if getattr(answer, name) != getattr(ORDER, name)} == set()
    assert (answer.order_reference_number, answer.timestamp, answer.order_state) == (12, 99, "L")
    assert answer.appendage == (ouch50.Option(2, "HFTX"),)
