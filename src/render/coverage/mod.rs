//! Coverage of policies by tests, for programs.

mod json;
mod lcov;

use super::Formats;
use crate::testing::CoverageReport;

/// The formats of the report.
pub static FORMATS: Formats<CoverageReport> = Formats::new(&[lcov::FORMAT, json::FORMAT]);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::layout::sample::PLAIN;
    use crate::render::test::sample;

    #[test]
    fn every_line_is_in_both_forms() {
        let report = sample::report(&["testing/failing"]);
        let coverage = report.coverage.unwrap();
        let (covered, uncovered) = coverage.lines();
        assert!(covered > 0);
        let lcov = (lcov::FORMAT.render)(&coverage, PLAIN).unwrap();
        assert_eq!(lcov.matches("\nDA:").count(), covered + uncovered);
        assert_eq!(lcov.matches(",1\n").count(), covered);
        assert!(lcov.contains("\nFN:3,data.main.required\n"), "{lcov}");
        let json: serde_json::Value =
            serde_json::from_str(&(json::FORMAT.render)(&coverage, PLAIN).unwrap()).unwrap();
        assert_eq!(json["covered_lines"], covered);
        let file = &json["files"]["fixtures/testing/failing/tags.rego"];
        assert_eq!(file["covered"][0]["start"]["row"], 3);
    }
}
