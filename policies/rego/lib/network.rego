# METADATA
# title: Network ranges
# description: |
#   Judges IPv4 and IPv6 ranges. An address without a length is a range of one. What is no range is neither public nor
#   private nor wide: ask `is_range` where that matters.
package planguard.lib.network

# METADATA
# title: Ranges that nobody reaches from outside
# description: |
#   Private networks (RFC 1918, RFC 4193), shared address space (RFC 6598), loopback and link-local addresses.
# custom:
#   example: |
#     "10.0.0.0/8" in network.private_ranges
private_ranges := {
	"10.0.0.0/8",
	"172.16.0.0/12",
	"192.168.0.0/16",
	"100.64.0.0/10",
	"127.0.0.0/8",
	"169.254.0.0/16",
	"fc00::/7",
	"fe80::/10",
	"::1/128",
}

# The words that Azure has for it.
_anywhere := {"*", "any", "internet"}

# METADATA
# title: Whether a text is a range
# description: True for IPv4 and IPv6 ranges and addresses; false otherwise.
# custom:
#   example: |
#     network.is_range("10.0.0.1") == true
default is_range(_) := false

is_range(text) if net.cidr_is_valid(_range(text))

# METADATA
# title: Whether a range is everything
# description: |
#   True for ranges of length 0, such as `0.0.0.0/0` and `::/0`, and for `*`, `Any` and `Internet`, as Azure writes it.
# custom:
#   example: |
#     network.is_anywhere("::/0")
default is_anywhere(_) := false

is_anywhere(text) if prefix_length(text) == 0

is_anywhere(text) if lower(text) in _anywhere

# METADATA
# title: Whether a range reaches outside
# description: True unless all of the range is private; false for what is no range.
# custom:
#   example: |
#     network.is_public("8.8.8.0/24") == true
default is_public(_) := false

is_public(text) if is_anywhere(text)

is_public(text) if {
	is_range(text)
	not is_within(text, private_ranges)
}

# METADATA
# title: Whether a range is wider than a length
# description: |
#   True if the range has more addresses than one of that length: `10.0.0.0/8` is wider than 16. IPv4 and IPv6 lengths
#   mean different numbers.
# custom:
#   example: |
#     network.is_wider_than("10.0.0.0/8", 16)
default is_wider_than(_, _) := false

is_wider_than(text, length) if prefix_length(text) < length

# METADATA
# title: Whether a range lies within others
# description: True if one of the ranges of an array or set contains all of it; false otherwise.
# custom:
#   example: |
#     network.is_within("10.1.0.0/16", ["192.168.0.0/16", "10.0.0.0/8"])
default is_within(_, _) := false

is_within(text, ranges) if {
	is_range(text)
	some range in ranges
	is_range(range)
	_is_ipv6(range) == _is_ipv6(text)
	net.cidr_contains(_range(range), _range(text))
}

# METADATA
# title: Length of a range
# description: The number after the slash, 32 or 128 without one; undefined for what is no range.
# custom:
#   example: |
#     network.prefix_length("10.0.0.0/8") == 8
prefix_length(text) := to_number(split(_range(text), "/")[1]) if is_range(text)

# METADATA
# title: Whether a range is one of IPv6
# description: True if it contains a colon; false otherwise.
# custom:
#   example: |
#     network.is_ipv6("::1")
is_ipv6(text) := _is_ipv6(text)

_is_ipv6(text) := contains(text, ":")

_range(text) := text if {
	contains(text, "/")
} else := concat("/", [text, "128"]) if {
	contains(text, ":")
} else := concat("/", [text, "32"])
