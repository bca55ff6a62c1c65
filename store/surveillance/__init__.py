"""Market-abuse surveillance: rules over attributed order events, alerts with evidence, and what was decided on them."""
