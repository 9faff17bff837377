"""A mistake, told as the interpreter tells it."""
# ends: error

def price(x):
    return 1 / x


print("before")
price(0)
