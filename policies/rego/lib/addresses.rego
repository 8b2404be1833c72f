# METADATA
# title: Addresses
# description: |
#   Parses resource addresses. Do not split an address at its dots: keys of `for_each` can contain dots, brackets and
#   quotes.
package planguard.lib.addresses

# METADATA
# title: Address in the configuration
# description: |
#   Returns the address without the keys of `count` and `for_each`, which is the address of the block in the
#   configuration.
# custom:
#   example: |
#     addresses.without_keys("module.web[\"a.b\"].aws_instance.app[0]") == "module.web.aws_instance.app"
without_keys(address) := regex.replace(address, `\["(?:\\.|[^"\\])*"\]|\[[0-9]+\]`, "")

# METADATA
# title: Module address
# description: Returns the address of the module that contains a resource, with keys; empty for the root module.
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
# title: Module path
# description: |
#   Returns the names of the modules that contain a resource, outermost first, without keys; empty for the root module.
# custom:
#   example: |
#     addresses.module_path("module.web[\"a.b\"].module.inner.aws_instance.app") == ["web", "inner"]
module_path(address) := [step |
	some index, step in split(without_keys(module_address(address)), ".")
	index % 2 == 1
]

# METADATA
# title: Module name
# description: Returns the name of the innermost module that contains a resource; empty for the root module.
# custom:
#   example: |
#     addresses.module_name("module.web.module.inner[0].aws_instance.app") == "inner"
module_name(address) := path[count(path) - 1] if {
	path := module_path(address)
	count(path) > 0
} else := ""

# METADATA
# title: Whether a resource is in a module
# description: |
#   True if the resource is in the module with this address or in a module inside it; false otherwise. An address
#   without keys matches every instance of the module; the empty address matches every resource.
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
# title: Instance key
# description: Returns the key of `count` or `for_each` of a resource or resource change; null if it has none.
# custom:
#   example: |
#     addresses.instance_key({"address":"aws_instance.app[\"a.b\"]","index":"a.b"}) == "a.b"
instance_key(resource) := object.get(resource, "index", null)
