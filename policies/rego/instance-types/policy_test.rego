package planguard.packs.instance_types_test

import data.planguard.packs.instance_types as pack

_change(type, after, unknown) := {
	"address": concat("", [type, ".a"]), "type": type, "mode": "managed",
	"change": {"actions": ["create"], "before": null, "after": after, "after_unknown": unknown},
}

_params := {
	"allowed": {"aws_*": ["t3.*", "db.t3.*"], "azurerm_*": ["Standard_B*"], "google_*": ["e2-*"], "acme_box": [], "aws_neptune_*": []},
	"denied": {"aws_instance": ["t3.2xlarge"]},
	"attributes": {"acme_box": "config.0.size"},
}

_denied(change) := found if {
	found := {finding.msg | some finding in pack.deny_type} with input as {"resource_changes": [change]}
		with data.planguard.params["instance-types"] as _params
}

_warned(change) := found if {
	found := {finding.address | some finding in pack.deny_unknown} with input as {"resource_changes": [change]}
		with data.planguard.params["instance-types"] as _params
}

test_allowed_types_pass if {
	every change in [
		_change("aws_instance", {"instance_type": "t3.micro"}, {}),
		_change("aws_eks_node_group", {"instance_types": ["t3.small", "t3.large"]}, {}),
		_change("azurerm_linux_virtual_machine", {"size": "standard_b2s"}, {}),
		_change("google_compute_instance", {"machine_type": "zones/europe-west3-a/machineTypes/e2-small"}, {}),
		_change("aws_vpc", {"instance_type": "m5.large"}, {}),
		_change("aws_instance", {"instance_type": null}, {}),
		_change("digitalocean_droplet", {"size": "large"}, {}),
	] {
		_denied(change) == set()
		_warned(change) == set()
	}
}

test_other_types_are_denied if {
	_denied(_change("aws_instance", {"instance_type": "m5.large"}, {})) == {"aws_instance.a has instance type `m5.large`, which is not allowed"}
	_denied(_change("aws_instance", {"instance_type": "t3.2xlarge"}, {})) == {"aws_instance.a has instance type `t3.2xlarge`, which is not allowed"}
	_denied(_change("aws_eks_node_group", {"instance_types": ["t3.small", "p4d.24xlarge"]}, {})) == {"aws_eks_node_group.a has instance type `p4d.24xlarge`, which is not allowed"}
	_denied(_change("google_container_node_pool", {"node_config": [{"machine_type": "a2-highgpu-1g"}]}, {})) == {"google_container_node_pool.a has instance type `a2-highgpu-1g`, which is not allowed"}
}

test_an_empty_list_allows_nothing_and_attributes_can_be_named if {
	_denied(_change("acme_box", {"config": [{"size": "S"}]}, {})) == {"acme_box.a has instance type `s`, which is not allowed"}
}

test_unknown_types_are_reported if {
	_warned(_change("aws_instance", {}, {"instance_type": true})) == {"aws_instance.a"}
	_denied(_change("aws_instance", {}, {"instance_type": true})) == set()
	_warned(_change("aws_eks_node_group", {"instance_types": [null]}, {"instance_types": [true]})) == {"aws_eks_node_group.a"}
}
