//! What platforms agree on with policy authors: which rules decide, and what their results mean.

pub(super) mod conftest;
