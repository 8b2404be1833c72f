//! What depends on what is destroyed or replaced: how far a deletion reaches.

use std::collections::BTreeSet;

use planguard_plan::redact::{Redactor, SafeText};

use super::boxes::{Block, Blocks};
use crate::show::Deed;

/// A block of which something is destroyed or replaced, and what depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Affected {
    /// The block.
    pub address: SafeText,
    /// What is done.
    pub deed: Deed,
    /// The blocks of resources that refer to it and stay, in the order of their addresses.
    pub direct: Vec<SafeText>,
    /// Those that depend on it through others and stay.
    pub indirect: Vec<SafeText>,
}

pub(super) fn affected(blocks: &Blocks, redactor: &Redactor) -> Vec<Affected> {
    let dependents = blocks.dependents();
    let mut all = Vec::new();
    for (address, block) in &blocks.all {
        let Some(deed) = lost(block) else { continue };
        let mut direct = BTreeSet::new();
        let mut reached: BTreeSet<&str> = BTreeSet::from([address.as_str()]);
        let mut next: Vec<(&str, bool)> = vec![(address, true)];
        while let Some((here, is_direct)) = next.pop() {
            for dependent in dependents.get(here).into_iter().flatten() {
                // A data source passes on what it read.
                let passes = blocks.all.get(*dependent).is_some_and(|block| block.is_data);
                if is_direct && !passes {
                    direct.insert(*dependent);
                }
                if reached.insert(dependent) {
                    next.push((dependent, is_direct && passes));
                }
            }
        }
        let stays = |address: &&str| {
            blocks
                .all
                .get(*address)
                .is_some_and(|block| !block.is_data && block.instances > 0 && !is_destroyed(block))
        };
        reached.remove(address.as_str());
        let shown =
            |addresses: Vec<&str>| addresses.into_iter().map(|address| redactor.text(address)).collect();
        all.push(Affected {
            address: redactor.text(address),
            deed: deed.clone(),
            direct: shown(direct.iter().copied().filter(stays).collect()),
            indirect: shown(reached.difference(&direct).copied().filter(stays).collect()),
        });
    }
    all
}

/// The worst that is done with objects of a block, if one is destroyed or replaced.
fn lost(block: &Block) -> Option<&Deed> {
    let deeds = block.deeds.iter().map(|(deed, _)| deed);
    deeds.filter(|deed| matches!(deed, Deed::Destroy | Deed::Replace(_))).max_by_key(|deed| deed.weight())
}

/// Whether nothing of a block stays.
fn is_destroyed(block: &Block) -> bool {
    let destroyed = block.deeds.iter().filter(|(deed, _)| *deed == Deed::Destroy);
    destroyed.map(|(_, number)| number).sum::<usize>() == block.instances
}
