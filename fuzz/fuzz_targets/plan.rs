#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| planguard_fuzz::targets::plan(data));
