# METADATA
# title: Network ranges
# description: |
#   Classifies IPv4 and IPv6 ranges. An address without a prefix length is a range of one address. A value that is not a
#   range is neither public nor wide nor within another range; check it with `is_range`.
package planguard.lib.network

# METADATA
# title: Private ranges
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

# The words that Azure uses for any address.
_anywhere := {"*", "any", "internet"}

# METADATA
# title: Whether a value is a range
# description: True for IPv4 and IPv6 ranges and addresses; false otherwise.
# custom:
#   example: |
#     network.is_range("10.0.0.1") == true
default is_range(_) := false

is_range(text) if net.cidr_is_valid(_range(text))

# METADATA
# title: Whether a range covers all addresses
# description: |
#   True for ranges with the prefix length 0, such as `0.0.0.0/0` and `::/0`, and for Azure's `*`, `Any` and
#   `Internet`; false otherwise.
# custom:
#   example: |
#     network.is_anywhere("::/0")
default is_anywhere(_) := false

is_anywhere(text) if prefix_length(text) == 0

is_anywhere(text) if lower(text) in _anywhere

# METADATA
# title: Whether a range is public
# description: True if the range contains an address outside of `private_ranges` or covers all addresses; false otherwise.
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
# title: Whether a range is wider than a prefix length
# description: |
#   True if the prefix length of the range is smaller: `10.0.0.0/8` is wider than 16. The same prefix length means
#   different sizes for IPv4 and IPv6.
# custom:
#   example: |
#     network.is_wider_than("10.0.0.0/8", 16)
default is_wider_than(_, _) := false

is_wider_than(text, length) if prefix_length(text) < length

# METADATA
# title: Whether a range is within other ranges
# description: True if one range of an array or set contains the whole range; false otherwise.
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
# title: Prefix length
# description: Returns the number after the slash, or 32 (IPv4) or 128 (IPv6) without a slash; undefined for a value that is not a range.
# custom:
#   example: |
#     network.prefix_length("10.0.0.0/8") == 8
prefix_length(text) := to_number(split(_range(text), "/")[1]) if is_range(text)

# METADATA
# title: Whether a range is IPv6
# description: True if the range contains a colon; false otherwise.
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
