# The codes of checks.py as C constants; a test holds the two together.
cdef enum:
    PASSED = 0
    KILL_SWITCH = 1
    STALE_BOOK = 2
    OPEN_GAP = 3
    HALTED = 4
    PERMISSION = 5
    RESTRICTED = 6
    QUANTITY = 7
    PRICE = 8
    ORDER_NOTIONAL = 9
    PRICE_COLLAR = 10
    FAT_FINGER = 11
    POSITION = 12
    LOCATE = 13
    SHORT_PRICE = 14
    SYMBOL_OPEN_NOTIONAL = 15
    OPEN_NOTIONAL = 16
    OPEN_ORDERS = 17
    GROSS_EXPOSURE = 18
    NET_EXPOSURE = 19
    EXECUTED_NOTIONAL = 20
    SELF_CROSS = 21
    PORT_RATE = 22
    SYMBOL_RATE = 23
    DUPLICATE = 24
    SIDE = 25
