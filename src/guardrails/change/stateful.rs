//! Resource types that hold data or identity: once destroyed, nothing brings them back.

/// The types, sorted. What belongs here keeps data that no `apply` can make again, or an identity (a key, an
/// address, a zone) that others rely on.
const STATEFUL: &[&str] = &["aws_db_instance", "aws_s3_bucket"];

/// Whether objects of a type hold data or identity.
pub(super) fn is_stateful(resource_type: &str) -> bool {
    STATEFUL.binary_search(&resource_type).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_sorted_so_that_the_search_finds_them() {
        assert!(STATEFUL.is_sorted());
        assert!(STATEFUL.iter().all(|resource_type| is_stateful(resource_type)));
    }
}
