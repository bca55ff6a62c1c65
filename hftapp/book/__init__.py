"""Full-depth books on flat arrays: the orders by reference number, the price levels, and the feed that changes both."""
