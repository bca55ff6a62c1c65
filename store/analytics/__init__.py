"""Post-trade analytics: what a run's trading cost, earned and missed, from the tables of the store.

Money is an integer of half price units, 1/20,000 dollar: prices are in 1/10,000 dollar, and a mid is half of a sum of
two. So all parts of a figure add up to the figure, to the last unit. Only ratios are floats.
"""
