package planguard.lib.network_test

import data.planguard.lib.network

test_other_strings_are_not_ranges if {
	every text in ["10.0.0.0/8", "10.0.0.1", "::/0", "2001:db8::1"] { network.is_range(text) }
	every text in ["", "sg-1", "10.0.0.0/33", "10.0.0/8", "*", "AzureLoadBalancer"] { not network.is_range(text) }
}

test_all_addresses_have_several_spellings if {
	every text in ["0.0.0.0/0", "::/0", "0:0:0:0:0:0:0:0/0", "*", "Internet", "any"] {
		network.is_anywhere(text)
		network.is_public(text)
	}
	every text in ["0.0.0.0", "0.0.0.0/1", "VirtualNetwork", ""] { not network.is_anywhere(text) }
}

test_a_partly_private_range_is_public if {
	every text in ["8.8.8.8", "0.0.0.0/1", "10.0.0.0/7", "2001:db8::/32", "172.32.0.0/16"] { network.is_public(text) }
	every text in ["10.1.0.0/16", "172.31.255.255", "100.64.0.1", "fd00::/8", "::1", "127.0.0.1", "sg-1"] {
		not network.is_public(text)
	}
}

test_wider_means_a_shorter_prefix_length if {
	network.is_wider_than("10.0.0.0/15", 16)
	not network.is_wider_than("10.0.0.0/16", 16)
	not network.is_wider_than("10.0.0.1", 16)
	not network.is_wider_than("sg-1", 16)
}

test_a_range_is_within_ranges_of_its_family if {
	network.is_within("10.1.2.3", {"192.168.0.0/16", "10.1.0.0/16"})
	not network.is_within("10.0.0.0/8", ["10.1.0.0/16"])
	not network.is_within("::1", ["10.1.0.0/16"])
	not network.is_within("10.1.2.3", ["::/0", "nonsense"])
	not network.is_within("sg-1", ["0.0.0.0/0"])
}

test_prefix_length_is_the_number_after_the_slash if {
	network.prefix_length("10.0.0.0/8") == 8
	network.prefix_length("10.0.0.0") == 32
	network.prefix_length("::1") == 128
	not network.prefix_length("sg-1")
}

test_ipv6_is_recognized if {
	network.is_ipv6("::1")
	not network.is_ipv6("10.0.0.1")
}
