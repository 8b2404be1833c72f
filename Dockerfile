# An image with planguard alone: static binary, no shell, no root. `docker build -t planguard .`
#
#   docker run --rm --network none -v "$PWD:/work:ro" planguard check plan.json
#
# The image of the compiler may be replaced by one that is pinned by digest, or by a mirror.
#
# The server of run tasks: `docker build --build-arg FEATURES=serve -t planguard-serve .`
ARG RUST_IMAGE=rust:1.95-alpine
FROM ${RUST_IMAGE} AS build
ARG FEATURES=""
WORKDIR /src
COPY . .
# The file of the toolchain asks for components that a build does not need.
RUN rm rust-toolchain.toml && cargo build --release --locked --bin planguard --features "$FEATURES"

FROM gcr.io/distroless/static-debian12:nonroot@sha256:afa5c872c891853ca7fcf1f12c3edb23f7eeef36189728842dd51042ff57f7ab
LABEL org.opencontainers.image.title="planguard" \
      org.opencontainers.image.description="Checks Terraform and OpenTofu plans against guardrails and Rego policies" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /src/target/release/planguard /usr/local/bin/planguard
COPY LICENSE /usr/share/licenses/planguard/
USER nonroot
WORKDIR /work
ENTRYPOINT ["/usr/local/bin/planguard"]
