//! All integration tests that need no process of their own, in one binary: linking is what takes time.

mod canary;
mod cases;
mod cli;
mod docs;
mod fixture;
mod gate;
mod generated;
mod hostile_text;
mod invalid;
mod lint;
mod lint_seeded;
mod own_guardrails;
mod plans;
mod policy_data;
mod policy_lints;
mod properties;
mod real_plans;
mod rego;
mod rooms;
mod secrets;
mod settings;
mod shared;
mod streams;
mod testing;
mod threads;
mod unreadable;
