use std::collections::BTreeMap;

use planguard_plan::DuplicateKeys;
use proptest::prelude::*;

use super::*;
use crate::hcl;

/// An attribute: its value, and whether the file has it as a literal.
type Attribute = (u8, bool);

/// A block, or a `dynamic` block with the values of what it makes.
#[derive(Clone, Debug)]
enum Written {
    Block(Vec<Attribute>),
    Dynamic(Vec<Attribute>, Vec<Vec<u8>>),
}

const ATTRIBUTES: usize = 3;

fn attributes() -> impl Strategy<Value = Vec<Attribute>> {
    proptest::collection::vec((0_u8..3, any::<bool>()), ATTRIBUTES)
}

fn written() -> impl Strategy<Value = Written> {
    let made = proptest::collection::vec(proptest::collection::vec(0_u8..3, ATTRIBUTES), 0..3);
    prop_oneof![
        3 => attributes().prop_map(Written::Block),
        1 => (attributes(), made).prop_map(|(attributes, made)| Written::Dynamic(attributes, made)),
    ]
}

impl Written {
    fn text(&self) -> String {
        let body = |attributes: &[Attribute]| {
            let lines = attributes.iter().enumerate().map(|(name, (value, is_literal))| match is_literal {
                true => format!("k{name} = \"v{value}\"\n"),
                false => format!("k{name} = each.value\n"),
            });
            lines.collect::<String>()
        };
        match self {
            Self::Block(attributes) => format!("b {{\n{}}}\n", body(attributes)),
            Self::Dynamic(attributes, _) => {
                format!("dynamic \"b\" {{\ncontent {{\n{}}}\n}}\n", body(attributes))
            }
        }
    }

    /// The values of the elements that it makes.
    fn made(&self) -> Vec<Vec<u8>> {
        match self {
            Self::Block(attributes) => vec![attributes.iter().map(|(value, _)| *value).collect()],
            Self::Dynamic(attributes, made) => {
                let one = |values: &Vec<u8>| {
                    let both = attributes.iter().zip(values);
                    both.map(|((literal, is_literal), value)| if *is_literal { *literal } else { *value })
                        .collect()
                };
                made.iter().map(one).collect()
            }
        }
    }
}

/// The plan's elements, with the positions of what made each.
type Elements = Vec<(Vec<u8>, Vec<usize>)>;

fn in_order(all: &[Written]) -> Elements {
    let made =
        all.iter().enumerate().flat_map(|(at, one)| one.made().into_iter().map(move |values| (at, values)));
    made.map(|(at, values)| (values, vec![at])).collect()
}

fn as_set(all: &[Written]) -> Elements {
    let mut set: BTreeMap<Vec<u8>, Vec<usize>> = BTreeMap::new();
    for (values, makers) in in_order(all) {
        set.entry(values).or_default().extend(makers);
    }
    set.into_iter().collect()
}

/// Chooses for every element, and returns how many it chose rightly.
fn chosen(all: &[Written], elements: &Elements, nesting: Option<Nesting>, rewritten: Option<u8>) -> usize {
    let text: String = all.iter().map(Written::text).collect();
    let body = hcl::read(&text).unwrap();
    let candidates = Candidates {
        all: body.blocks_of("b").map(Candidate::of_block).collect(),
        nesting,
        schema: None,
        otherwise: Otherwise::Empty,
        values: Values::Configuration,
    };
    let planned =
        |value: &u8| if Some(*value) == rewritten { "another".to_owned() } else { format!("v{value}") };
    let objects = elements.iter().map(|(values, _)| {
        let members =
            values.iter().enumerate().map(|(name, value)| format!("\"k{name}\": \"{}\"", planned(value)));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    });
    let json = format!("[{}]", objects.collect::<Vec<_>>().join(","));
    let duplicates = DuplicateKeys::default();
    let plan = Value::parse(&json, &duplicates).unwrap();
    let right = elements.iter().enumerate().filter(|(position, (_, makers))| {
        let chosen = choose(&candidates, *position, Some(plan.elements()));
        assert!(
            chosen.is_none_or(|at| makers.contains(&at)),
            "{text}{json}[{position}] is not of {chosen:?}"
        );
        chosen.is_some()
    });
    right.count()
}

proptest! {
    #[test]
    fn what_is_chosen_made_the_element(
        all in proptest::collection::vec(written(), 1..6),
        rewritten in proptest::option::of(0_u8..3),
    ) {
        let set = as_set(&all);
        chosen(&all, &set, Some(Nesting::Set), rewritten);
        chosen(&all, &set, None, rewritten);
        chosen(&all, &in_order(&all), Some(Nesting::List), rewritten);
    }

    #[test]
    fn blocks_of_different_literals_are_all_told_apart(ports in proptest::collection::btree_set(0_u8..100, 1..8)) {
        let all: Vec<Written> =
            ports.iter().rev().map(|port| Written::Block(vec![(*port, true), (0, false), (1, true)])).collect();
        prop_assert_eq!(chosen(&all, &as_set(&all), Some(Nesting::Set), None), all.len());
        prop_assert_eq!(chosen(&all, &in_order(&all), Some(Nesting::List), None), all.len());
        // One rewritten literal is found by elimination.
        prop_assert_eq!(chosen(&all, &as_set(&all), Some(Nesting::Set), ports.first().copied()), all.len());
    }
}
