# METADATA
# title: Addresses
# description: |
#   Takes addresses apart. Keys of `for_each` may contain dots, brackets and quotes, so that an address must never be
#   split at its dots.
package planguard.lib.addresses

# METADATA
# title: Address of the configuration
# description: |
#   An address without the keys of `count` and `for_each`: the block that the resource comes from.
# custom:
#   example: |
#     addresses.without_keys("module.web[\"a.b\"].aws_instance.app[0]") == "module.web.aws_instance.app"
without_keys(address) := regex.replace(address, `\["(?:\\.|[^"\\])*"\]|\[[0-9]+\]`, "")

# METADATA
# title: Address of the module
# description: The address of the module that a resource stands in, with keys; empty for the root module.
# custom:
#   example: |
#     addresses.module_address("module.web[\"a.b\"].aws_instance.app[0]") == "module.web[\"a.b\"]"
module_address(address) := trim_suffix(found[0], ".") if {
	found := regex.find_n(
		`^(?:module\.[^.\[]+(?:\[(?:"(?:\\.|[^"\\])*"|[0-9]+)\])?\.)+`,
		address,
		1,
	)
	count(found) > 0
} else := ""

# METADATA
# title: Names of the modules
# description: |
#   The names of the modules that a resource stands in, from the root on, without keys; empty for the root module.
# custom:
#   example: |
#     addresses.module_path("module.web[\"a.b\"].module.inner.aws_instance.app") == ["web", "inner"]
module_path(address) := [step |
	some index, step in split(without_keys(module_address(address)), ".")
	index % 2 == 1
]

# METADATA
# title: Name of the module
# description: The name of the innermost module that a resource stands in; empty for the root module.
# custom:
#   example: |
#     addresses.module_name("module.web.module.inner[0].aws_instance.app") == "inner"
module_name(address) := path[count(path) - 1] if {
	path := module_path(address)
	count(path) > 0
} else := ""

# METADATA
# title: Whether a resource stands in a module
# description: |
#   True if the resource stands in the module of that address or in one inside of it. Without keys, the address means
#   every instance; the empty address means the whole configuration.
# custom:
#   example: |
#     addresses.is_in_module("module.web[\"a\"].module.inner.aws_subnet.s", "module.web")
default is_in_module(_, _) := false

is_in_module(_, "")

is_in_module(address, module) if startswith(concat("", [module_address(address), "."]), concat("", [module, "."]))

is_in_module(address, module) if {
	own := without_keys(module_address(address))
	startswith(concat("", [own, "."]), concat("", [module, "."]))
}

# METADATA
# title: Key of an instance
# description: The key of `count` or `for_each` of a resource or resource change; null if it has none.
# custom:
#   example: |
#     addresses.instance_key({"address":"aws_instance.app[\"a.b\"]","index":"a.b"}) == "a.b"
instance_key(resource) := object.get(resource, "index", null)
