"""Speed of decoding, books and the whole path on this host, beside other packages, on the same files."""
