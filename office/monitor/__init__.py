"""The risk monitor: the firm's orders, positions and limits out of the drop copy, beside the trader's own figures."""
