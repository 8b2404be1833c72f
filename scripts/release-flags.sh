# shellcheck shell=bash
# Sourced, in the directory of the sources: flags that keep paths of the machine out of a binary, so that two builds of the same
# commit with the same compiler are the same bytes wherever they are made.
_cargo=${CARGO_HOME:-$HOME/.cargo}
_rustc=$(rustc --print sysroot)
export RUSTFLAGS="${RUSTFLAGS:-} --remap-path-prefix=$PWD=/planguard --remap-path-prefix=$_cargo=/cargo --remap-path-prefix=$_rustc=/rust"
# The allocator is written in C.
export CFLAGS="${CFLAGS:-} -ffile-prefix-map=$PWD=/planguard -ffile-prefix-map=$_cargo=/cargo"
# Cargo would pass them to build scripts otherwise, which then differ for no reason.
export CARGO_INCREMENTAL=0
unset _cargo _rustc
