//! Turns files, directories and standard input into documents, and refuses what is not a plan.
