package planguard.lib.addresses_test

import data.planguard.lib.addresses

_strange := `module.a["x.y"].module.b[0].aws_instance.c["module.z.\"]"]`

test_keys_are_removed if {
	addresses.without_keys(_strange) == "module.a.module.b.aws_instance.c"
	addresses.without_keys("aws_instance.c") == "aws_instance.c"
}

test_module_address_has_keys if {
	addresses.module_address(_strange) == `module.a["x.y"].module.b[0]`
	addresses.module_address("module.a.data.aws_ami.c") == "module.a"
	addresses.module_address("aws_instance.c") == ""
}

test_module_names_have_no_keys if {
	addresses.module_path(_strange) == ["a", "b"]
	addresses.module_path("aws_instance.c") == []
	addresses.module_name(_strange) == "b"
	addresses.module_name("aws_instance.c") == ""
}

test_a_resource_is_in_all_its_outer_modules if {
	every module in ["", "module.a", `module.a["x.y"]`, `module.a["x.y"].module.b[0]`, "module.a.module.b"] {
		addresses.is_in_module(_strange, module)
	}
	every module in [`module.a["x"]`, "module.b", `module.a["x.y"].module.b[1]`] {
		not addresses.is_in_module(_strange, module)
	}
	not addresses.is_in_module("module.ab.aws_instance.c", "module.a")
}

test_an_instance_key_is_a_string_a_number_or_null if {
	addresses.instance_key({"index": "x.y"}) == "x.y"
	addresses.instance_key({"index": 0}) == 0
	addresses.instance_key({}) == null
}
