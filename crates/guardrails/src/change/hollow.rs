//! Resource types that exist in Terraform's state only.

/// Whether an object of the type is nothing real: a trigger, a random value, a clock, a file on the machine that runs
/// Terraform.
pub(super) fn is_hollow(resource_type: &str) -> bool {
    matches!(resource_type, "null_resource" | "terraform_data")
        || ["random_", "time_", "local_"].iter().any(|provider| resource_type.starts_with(provider))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_nothing_real_is_hollow() {
        assert!(is_hollow("null_resource") && is_hollow("random_pet") && is_hollow("local_file"));
        assert!(
            !is_hollow("aws_instance") && !is_hollow("tls_private_key") && !is_hollow("timescale_service")
        );
    }
}
